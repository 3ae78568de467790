import type { Scheme } from '#activitypub/signature/key.ts';

/** What a request claims by its signature, every check done that needs no key. */
export interface Claim {
  readonly ok: true;
  readonly spec: 'cavage' | 'rfc9421';
  readonly keyId: URL;
  /** Epoch ms, in whole seconds: a time that the signature covers. */
  readonly signedAt: number;
  /** The schemes that the algorithm's label allows, to be tried in this order. */
  readonly schemes: readonly Scheme[];
  readonly base: Buffer;
  readonly signature: Buffer;
}
