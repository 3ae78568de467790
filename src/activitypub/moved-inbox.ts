import { readdress, replaceSharedInbox } from '#activitypub/moved-inbox-store.ts';
import { siteOfAccount } from '#activitypub/reader.ts';
import { rereadAccount } from '#activitypub/remote/fetch-actor.ts';
import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import type { EventOf } from '#domain/events.ts';

type Missing = EventOf<'inbox.missing'>;

interface Move {
  account: Account;
  /** Everybody who shares it hears of it. */
  isShared: boolean;
}

/** An inbox is not where it was: what its actor says of it now holds for everything that waits for it. */
export const findMovedInbox = {
  lane: 'network' as const,
  crowdOf: siteOfAccount,
  async prepare(ctx: Ctx, { accountId, inbox }: Missing): Promise<Move | undefined> {
    const known = await findRemote(ctx, accountId);
    if (!known) return undefined;
    const isShared = known.sharedInbox === inbox;
    // Read again since, for another reason.
    if (!isShared && known.inbox !== inbox) return { account: known, isShared };
    await rereadAccount(ctx, known);
    const account = await findRemote(ctx, accountId);
    return account && { account, isShared };
  },
  async apply(tx: Ctx, { accountId, inbox }: Missing, move: Move | undefined): Promise<void> {
    if (!move) return;
    const { account, isShared } = move;
    if ((isShared ? account.sharedInbox : account.inbox) === inbox) return;
    if (isShared) await replaceSharedInbox(tx.db, account, inbox);
    const moved = await readdress(tx.db, { accountId, from: inbox, isShared, now: tx.now() });
    if (moved > 0) tx.db.afterCommit(tx.machinery.wakeSender);
  },
};

async function findRemote(ctx: Ctx, accountId: number): Promise<Account | undefined> {
  const account = await findAccount(ctx.db, accountId);
  return account && !isLocal(account) && account.deletedAt === undefined ? account : undefined;
}
