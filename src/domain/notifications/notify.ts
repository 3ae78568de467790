import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { listBlocksBetween } from '#domain/blocks/block-store.ts';
import { insertNotifications, type NotificationKind } from '#domain/notifications/notification-store.ts';

type Recipient = Pick<Account, 'id' | 'host'>;

/** What is told: what somebody did, and to which post. */
interface News {
  kind: NotificationKind;
  from: number;
  postId?: number;
}

/**
 * Tells a local account that somebody did something, once, in the transaction of what was done. Remote recipients, oneself and people
 * blocked are passed over.
 */
export function notify(tx: Ctx, { to, ...news }: News & { to: Recipient }): Promise<void> {
  return notifyAll(tx, { ...news, to: [to] });
}

/** The same for several accounts. */
export async function notifyAll(
  tx: Ctx,
  { to, kind, from, postId }: News & { to: readonly Recipient[] },
): Promise<void> {
  const others = to.filter((account) => isLocal(account) && account.id !== from).map((account) => account.id);
  if (others.length === 0) return;
  const blocked = new Set(await listBlocksBetween(tx.db, from, others));
  const told = others.filter((id) => !blocked.has(id));
  await insertNotifications(
    tx.db,
    told.map((accountId) => ({
      id: tx.ids.next(),
      accountId,
      kind,
      fromAccountId: from,
      postId,
      createdAt: tx.now(),
    })),
  );
}
