import { type Db, valuesOf } from '#db/database.ts';

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

/** What somebody was told already is not told again. */
export async function insertNotifications(db: Db, notifications: readonly Notification[]): Promise<void> {
  if (notifications.length === 0) return;
  const rows = valuesOf(
    notifications.map((row) => [row.id, row.accountId, row.kind, row.fromAccountId, row.postId ?? 0, row.createdAt]),
  );
  await db.run(
    `INSERT INTO notification (id, account_id, kind, from_account_id, post_id, created_at) ${rows.sql} ON CONFLICT DO NOTHING`,
    rows.values,
  );
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

/** What `fromAccountId` did is no longer news to `accountId`. */
export async function deleteNotificationsFrom(db: Db, accountId: number, fromAccountId: number): Promise<void> {
  await db.run('DELETE FROM notification WHERE account_id = ? AND from_account_id = ?', [accountId, fromAccountId]);
}

/** Deletes up to `limit` notifications to `accountId`, or of what it did. Returns how many. */
export async function deleteNotificationsOf(db: Db, accountId: number, limit: number): Promise<number> {
  return db.run(
    `WITH gone AS MATERIALIZED (
       SELECT id FROM notification WHERE account_id = ? UNION ALL SELECT id FROM notification WHERE from_account_id = ? LIMIT ?)
     DELETE FROM notification WHERE id IN (SELECT id FROM gone)`,
    [accountId, accountId, limit],
  );
}
