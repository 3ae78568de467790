import type { Db } from '#db/database.ts';

/** Remembers that an activity was accepted. False when it was already. */
export async function insertReceived(
  db: Db,
  received: { accountId: number; activity: string; receivedAt: number },
): Promise<boolean> {
  const inserted = await db.run(
    'INSERT INTO received (account_id, activity, received_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    [received.accountId, received.activity, received.receivedAt],
  );
  return inserted > 0;
}

/** Returns how many were forgotten. */
export async function deleteReceived(db: Db, before: number, limit: number): Promise<number> {
  return db.run(
    `DELETE FROM received WHERE (account_id, activity) IN (
       SELECT account_id, activity FROM received WHERE received_at < ? ORDER BY received_at LIMIT ?)`,
    [before, limit],
  );
}
