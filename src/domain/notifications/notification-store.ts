import type { Db } from '#db/database.ts';

export const notificationKinds = ['mention', 'follow', 'follow-request', 'favourite', 'reblog', 'edit'] as const;
export type NotificationKind = (typeof notificationKinds)[number];

export interface Notification {
  id: number;
  accountId: number;
  kind: NotificationKind;
  fromAccountId: number;
  /** Undefined where it is about an account. */
  postId: number | undefined;
  createdAt: number;
}

type Row = Omit<Notification, 'postId'> & { postId: number };

export async function insertNotification(db: Db, notification: Notification): Promise<boolean> {
  const inserted = await db.run(
    `INSERT INTO notification (id, account_id, kind, from_account_id, post_id, created_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    [
      notification.id,
      notification.accountId,
      notification.kind,
      notification.fromAccountId,
      notification.postId ?? 0,
      notification.createdAt,
    ],
  );
  return inserted > 0;
}

/** Newest first. */
export async function listNotifications(
  db: Db,
  accountId: number,
  page: { limit: number; before?: number | undefined },
): Promise<Notification[]> {
  const rows = await db.all<Row>(
    `SELECT id, account_id, kind, from_account_id, post_id, created_at FROM notification
     WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    [accountId, page.before ?? Number.MAX_SAFE_INTEGER, page.limit],
  );
  return rows.map((row) => ({ ...row, postId: row.postId || undefined }));
}

/** What was undone is no longer news. */
export async function deleteNotification(
  db: Db,
  match: { kind: NotificationKind; from: number; postId?: number | undefined; to: number },
): Promise<void> {
  await db.run('DELETE FROM notification WHERE account_id = ? AND kind = ? AND from_account_id = ? AND post_id = ?', [
    match.to,
    match.kind,
    match.from,
    match.postId ?? 0,
  ]);
}

export async function deleteNotificationsOfPost(db: Db, postId: number): Promise<void> {
  await db.run('DELETE FROM notification WHERE post_id = ?', [postId]);
}

export async function forgetNotificationsBetween(db: Db, accountId: number, fromAccountId: number): Promise<void> {
  await db.run('DELETE FROM notification WHERE account_id = ? AND from_account_id = ?', [accountId, fromAccountId]);
}
