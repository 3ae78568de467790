import type { Ctx } from '#context.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { hasFollowWithHosts } from '#domain/relationships/follow-store.ts';
import { createLru } from '#lib/lru.ts';

/** Milliseconds. A host that somebody here starts to follow is an acquaintance a little later. */
const CACHED_FOR = 60_000;

/** Which hosts this server has to do with: somebody here follows somebody there, or is followed. */
export interface Acquaintance {
  /** `accountId`: of the account there that is known, whose handle may have another host. */
  includes(host: string, accountId: number | undefined): Promise<boolean>;
}

export function createAcquaintance(ctx: Ctx): Acquaintance {
  const known = createLru<string, boolean>({ maxEntries: 10_000, ttlMs: CACHED_FOR, now: ctx.now });
  return {
    async includes(host, accountId) {
      const cached = known.get(host);
      if (cached !== undefined) return cached;
      const account = accountId === undefined ? undefined : await findAccount(ctx.db, accountId);
      const found = await hasFollowWithHosts(ctx.db, account ? [host, account.host] : [host]);
      known.set(host, found);
      return found;
    },
  };
}
