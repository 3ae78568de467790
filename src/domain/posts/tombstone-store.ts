import type { Db } from '#db/database.ts';

/** Whether `accountId` deleted or took back `uri` before it was seen here. */
export async function hasTombstone(db: Db, uri: string, accountId: number): Promise<boolean> {
  return (
    (await db.get('SELECT 1 AS found FROM tombstone WHERE uri = ? AND account_id = ?', [uri, accountId])) !== undefined
  );
}

export async function insertTombstone(
  db: Db,
  tombstone: { uri: string; accountId: number; deletedAt: number },
): Promise<void> {
  await db.run('INSERT INTO tombstone (uri, account_id, deleted_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', [
    tombstone.uri,
    tombstone.accountId,
    tombstone.deletedAt,
  ]);
}

/** Returns how many were forgotten. */
export async function deleteTombstones(db: Db, before: number, limit: number): Promise<number> {
  return db.run(
    `DELETE FROM tombstone WHERE (uri, account_id) IN (
       SELECT uri, account_id FROM tombstone WHERE deleted_at < ? ORDER BY deleted_at LIMIT ?)`,
    [before, limit],
  );
}
