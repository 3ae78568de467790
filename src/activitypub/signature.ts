/**
 * Who signed a request: the inbox's front door, and signed GETs. Pure, in two steps so that the caller can find the key between them.
 *
 * What a passed signature proves is that the holder of `keyId` sent this method, target, host, time and body. Whose key that is, whether it
 * is the activity's actor, and whether the request is a replay, is for the caller. Fedify's `verifyRequest` is no substitute: it accepts
 * what `test/contract/signature-fedify.test.ts` lists.
 */
import type { KeyObject } from 'node:crypto';
import { readCavage } from '#activitypub/signature/cavage.ts';
import { checkDigests } from '#activitypub/signature/digest.ts';
import { verifyWithKey } from '#activitypub/signature/key.ts';
import {
  indexRequest,
  type ReceivedRequest,
  type Refusal,
  refuse,
  type RequestHead,
  type VerificationOptions,
} from '#activitypub/signature/message.ts';
import { readRfc9421 } from '#activitypub/signature/rfc9421.ts';

/** A signature that is well-formed, covers enough and is fresh: all but verified. */
export interface SignedRequest {
  readonly ok: true;
  readonly spec: 'cavage' | 'rfc9421';
  /** Normalised as `URL.href`: compare and cache it as it is, against ids that are normalised too. */
  readonly keyId: string;
  /** The key's host and port, for block lists and limits. */
  readonly keyHost: string;
  /** When it was signed (epoch ms, in whole seconds), as the signature itself says: nobody else can change it. */
  readonly signedAt: number;
  /** Whether this public key made the signature. Never throws; false too for keys that are no good (type, size). */
  verify(key: KeyObject): boolean;
}

/** The same, before the body was read. */
export interface SignedHead extends SignedRequest {
  /** Refuses a body that the digests do not match; else a good signature vouches for it. Never throws. */
  refuseBody(body: Buffer): Refusal | undefined;
}

const EMPTY = Buffer.alloc(0);

/** Reads the signature of a request. Never throws, whatever comes in. */
export function parseSignedRequest(request: ReceivedRequest, options: VerificationOptions): SignedRequest | Refusal {
  const { body = EMPTY, ...head } = request;
  const signed = parseSignedHead({ ...head, hasBody: body.length > 0 }, options);
  // Last, as hashing the body is the one step whose cost the sender chooses.
  return (signed.ok && signed.refuseBody(body)) || signed;
}

/** Reads the signature of a request whose body may still be on its way. Never throws, whatever comes in. */
export function parseSignedHead(
  request: RequestHead & { hasBody: boolean },
  options: VerificationOptions,
): SignedHead | Refusal {
  return orUnreadable(() => {
    const message = indexRequest(request, options);
    if (!message.ok) return message;
    if (!message.fields.has('signature')) return refuse(401, 'not signed');
    const read = message.fields.has('signature-input') ? readRfc9421 : readCavage;
    const claim = read(message);
    if (!claim.ok) return claim;

    const { spec, keyId, signedAt, schemes, base, signature } = claim;
    return {
      ok: true,
      spec,
      keyId: keyId.href,
      keyHost: keyId.host,
      signedAt,
      refuseBody: (body) => orUnreadable(() => checkDigests(message, body)),
      verify: (key) => verifyWithKey(key, schemes, base, signature),
    };
  });
}

function orUnreadable<T>(read: () => T): T | Refusal {
  try {
    return read();
  } catch {
    return refuse(401, 'unreadable signature');
  }
}
