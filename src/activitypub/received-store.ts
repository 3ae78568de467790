import type { Db } from '#db/database.ts';

/** An activity as it was accepted. */
export interface Received {
  accountId: number;
  /** Stands for its id. */
  activity: string;
  /** Stands for what was said under that id; '' for whatever is. */
  request: string;
  /** Epoch ms. */
  receivedAt: number;
}

/** Remembers that an activity was accepted. False when it was already. */
export async function insertReceived(db: Db, received: Received): Promise<boolean> {
  const { accountId, activity, request, receivedAt } = received;
  const inserted = await db.run(
    `INSERT INTO received (account_id, activity, request, received_at)
     SELECT CAST(? AS BIGINT), ?, ?, CAST(? AS BIGINT) WHERE NOT EXISTS (
       SELECT 1 FROM received WHERE account_id = ? AND activity = ? AND (request = '' OR CAST(? AS TEXT) = ''))
     ON CONFLICT DO NOTHING`,
    [accountId, activity, request, receivedAt, accountId, activity, request],
  );
  return inserted > 0;
}

/** Whether anything was accepted under this id. */
export async function hasReceived(db: Db, accountId: number, activity: string): Promise<boolean> {
  const found = await db.get('SELECT 1 AS found FROM received WHERE account_id = ? AND activity = ? LIMIT 1', [
    accountId,
    activity,
  ]);
  return found !== undefined;
}

/** Returns how many were forgotten. */
export async function deleteReceived(db: Db, before: number, limit: number): Promise<number> {
  return db.run(
    `DELETE FROM received WHERE (account_id, activity, request) IN (
       SELECT account_id, activity, request FROM received WHERE received_at < ? ORDER BY received_at LIMIT ?)`,
    [before, limit],
  );
}
