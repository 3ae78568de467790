import { type Ctx, inTransaction } from '#context.ts';
import { getAccount } from '#domain/accounts/account-store.ts';
import { Invalid } from '#domain/errors.ts';
import { deleteBlock, findBlock, insertBlock } from '#domain/blocks/block-store.ts';
import { removeFollow } from '#domain/relationships/follow.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { deleteNotificationsFrom } from '#domain/notifications/notification-store.ts';
import { localUrls } from '#domain/urls.ts';

/**
 * `accountId` blocks `targetId`: neither sees, follows nor answers the other any more. `uri` is the Block activity of a remote account.
 * @throws NotFound, Invalid (oneself).
 */
export async function block(ctx: Ctx, accountId: number, targetId: number, uri?: string): Promise<void> {
  if (accountId === targetId) throw new Invalid('account', 'One cannot block oneself');
  await inTransaction(ctx, async (tx) => {
    await getAccount(tx.db, targetId);
    const id = tx.ids.next();
    const row = { id, accountId, targetId, uri: uri ?? localUrls(ctx.config).activity(id), createdAt: ctx.now() };
    if (!(await insertBlock(tx.db, row))) return;
    for (const [follower, target] of [
      [accountId, targetId],
      [targetId, accountId],
    ] as const) {
      const follow = await findFollow(tx.db, follower, target);
      if (follow) await removeFollow(tx, follow);
    }
    await deleteNotificationsFrom(tx.db, accountId, targetId);
    await tx.emit({ type: 'account.blocked', blockId: id });
  });
}

/** Takes a block back. Without one it changes nothing. */
export async function unblock(ctx: Ctx, accountId: number, targetId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await findBlock(tx.db, accountId, targetId);
    if (!row) return;
    await deleteBlock(tx.db, row.id);
    await tx.emit({ type: 'account.unblocked', accountId, targetId, uri: row.uri });
  });
}
