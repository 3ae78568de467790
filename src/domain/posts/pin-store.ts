import type { Db } from '#db/database.ts';

export interface Pin {
  accountId: number;
  postId: number;
  createdAt: number;
}

/** False when it was there already. */
export async function insertPin(db: Db, pin: Pin): Promise<boolean> {
  const inserted = await db.run(
    'INSERT INTO pin (account_id, post_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    [pin.accountId, pin.postId, pin.createdAt],
  );
  return inserted > 0;
}

export async function deletePin(db: Db, accountId: number, postId: number): Promise<boolean> {
  return (await db.run('DELETE FROM pin WHERE account_id = ? AND post_id = ?', [accountId, postId])) > 0;
}

export async function isPinned(db: Db, accountId: number, postId: number): Promise<boolean> {
  const found = await db.get('SELECT 1 AS pinned FROM pin WHERE account_id = ? AND post_id = ?', [accountId, postId]);
  return found !== undefined;
}

export async function countPins(db: Db, accountId: number): Promise<number> {
  return (await db.get<{ n: number }>('SELECT count(*) AS n FROM pin WHERE account_id = ?', [accountId]))?.n ?? 0;
}
