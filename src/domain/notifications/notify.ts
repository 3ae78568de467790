import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { insertNotification, type NotificationKind } from '#domain/notifications/notification-store.ts';
import { isBlockBetween } from '#domain/relationships/block-store.ts';

/**
 * Tells a local account that somebody did something, once, in the transaction of what was done. Remote recipients, oneself and people
 * blocked are passed over.
 */
export async function notify(
  tx: Ctx,
  {
    to,
    kind,
    from,
    postId,
  }: { to: Pick<Account, 'id' | 'host'>; kind: NotificationKind; from: number; postId?: number },
): Promise<void> {
  if (!isLocal(to) || to.id === from || (await isBlockBetween(tx.db, to.id, from))) return;
  await insertNotification(tx.db, {
    id: tx.ids.next(),
    accountId: to.id,
    kind,
    fromAccountId: from,
    postId,
    createdAt: tx.now(),
  });
}
