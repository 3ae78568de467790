import { type Db, nextVersion } from '#db/database.ts';

/** Posts and reblogs of an account that are still there. */
export async function listErasablePosts(db: Db, accountId: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ id: number }>(
    'SELECT id FROM post WHERE account_id = ? AND deleted_at IS NULL ORDER BY id LIMIT ?',
    [accountId, limit],
  );
  return rows.map((row) => row.id);
}

/** Takes an account out of everybody's followers, favourites and notifications, with the counters that showed it. */
export async function eraseRelationships(db: Db, accountId: number, version: number): Promise<void> {
  await db.run(
    `UPDATE account SET followers_count = followers_count - 1, version = ${nextVersion} WHERE id IN (
       SELECT target_id FROM follow WHERE follower_id = ? AND accepted = 1)`,
    [version, version, accountId],
  );
  await db.run(
    `UPDATE account SET following_count = following_count - 1, version = ${nextVersion} WHERE id IN (
       SELECT follower_id FROM follow WHERE target_id = ? AND accepted = 1)`,
    [version, version, accountId],
  );
  await db.run(
    `UPDATE post SET favourites_count = favourites_count - 1, version = ${nextVersion}
     WHERE deleted_at IS NULL AND id IN (SELECT post_id FROM favourite WHERE account_id = ?)`,
    [version, version, accountId],
  );
  await db.run('DELETE FROM follow WHERE follower_id = ? OR target_id = ?', [accountId, accountId]);
  await db.run('DELETE FROM block WHERE account_id = ? OR target_id = ?', [accountId, accountId]);
  await db.run('DELETE FROM favourite WHERE account_id = ?', [accountId]);
  await db.run('DELETE FROM notification WHERE account_id = ? OR from_account_id = ?', [accountId, accountId]);
  await db.run('DELETE FROM conversation_member WHERE account_id = ?', [accountId]);
  await db.run('DELETE FROM home WHERE account_id = ?', [accountId]);
}
