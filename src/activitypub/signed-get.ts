import { createPublicKey } from 'node:crypto';
import { readSignedHead } from '#activitypub/signed-request.ts';
import type { Ctx } from '#context.ts';
import { findAccount, findAccountByUri } from '#domain/accounts/account-store.ts';
import { findKey } from '#domain/accounts/key-store.ts';
import type { RequestContext } from '#http/state.ts';

/** Whoever asks, as far as a signature tells. */
export interface Asker {
  /** The account that proved to ask. */
  viewer: number | undefined;
  /** The account that is said to ask, proven or not: enough to refuse whoever is blocked. */
  claimed: number | undefined;
  /** Of a blocked domain. */
  isRefused: boolean;
}

const NO_BODY = Buffer.alloc(0);
const NOBODY: Asker = { viewer: undefined, claimed: undefined, isRefused: false };

/**
 * Reads who signed a GET. Only keys that are known here count: whoever may see more than everybody follows or is named, and so has been met;
 * and nobody can make us fetch anything by asking. A signature that is of no use is as good as none, as what is public is public.
 */
export async function readAsker(ctx: Ctx, http: RequestContext): Promise<Asker> {
  if (http.req.headers['signature'] === undefined) return NOBODY;
  const signed = readSignedHead(ctx, http.req);
  if (!signed.ok || signed.refuseBody(NO_BODY)) return NOBODY;
  if (ctx.blockedHosts.covers(signed.keyHost)) return { ...NOBODY, isRefused: true };
  const key = await findKey(ctx.db, signed.keyId);
  if (!key) {
    const owner = await findAccountByUri(ctx.db, signed.keyId.replace(/#.*$/s, ''));
    return { ...NOBODY, claimed: owner?.id };
  }
  const owner = await findAccount(ctx.db, key.accountId);
  const isProven = owner?.deletedAt === undefined && signed.verify(createPublicKey(key.publicKey));
  return { viewer: isProven ? key.accountId : undefined, claimed: key.accountId, isRefused: false };
}
