import { createPublicKey } from 'node:crypto';
import { readSignedHead } from '#activitypub/signed-request.ts';
import type { Ctx } from '#context.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findKey } from '#domain/accounts/key-store.ts';
import type { RequestContext } from '#http/state.ts';

/** Whoever asks, as far as a signature tells. */
export interface Asker {
  /** The account that proved to ask. */
  viewer: number | undefined;
  /** Proved to be of a blocked domain. */
  isRefused: boolean;
}

const NO_BODY = Buffer.alloc(0);
const NOBODY: Asker = { viewer: undefined, isRefused: false };

/**
 * Reads who signed a GET. Only keys that are known here count: whoever may see more than everybody follows or is named, and so has been met;
 * and nobody can make us fetch anything by asking. A signature that proves nothing is as good as none: refusing its name would tell anybody
 * whom somebody here blocks, and what is public is public.
 */
export async function readAsker(ctx: Ctx, http: RequestContext): Promise<Asker> {
  if (http.req.headers['signature'] === undefined) return NOBODY;
  const signed = readSignedHead(ctx, http.req);
  if (!signed.ok || signed.refuseBody(NO_BODY)) return NOBODY;
  const key = await findKey(ctx.db, signed.keyId);
  if (!key || !signed.verify(createPublicKey(key.publicKey))) return NOBODY;
  if (ctx.blockedHosts.covers(signed.keyHost)) return { ...NOBODY, isRefused: true };
  const owner = await findAccount(ctx.db, key.accountId);
  return owner?.deletedAt === undefined ? { viewer: key.accountId, isRefused: false } : NOBODY;
}
