import type { Db } from '#db/database.ts';

export interface Block {
  id: number;
  accountId: number;
  targetId: number;
  uri: string;
  createdAt: number;
}

const columns = 'id, account_id, target_id, uri, created_at';

export async function findBlock(db: Db, accountId: number, targetId: number): Promise<Block | undefined> {
  return db.get<Block>(`SELECT ${columns} FROM block WHERE account_id = ? AND target_id = ?`, [accountId, targetId]);
}

export async function findBlockById(db: Db, id: number): Promise<Block | undefined> {
  return db.get<Block>(`SELECT ${columns} FROM block WHERE id = ?`, [id]);
}

export async function findBlockByUri(db: Db, uri: string): Promise<Block | undefined> {
  return db.get<Block>(`SELECT ${columns} FROM block WHERE uri = ?`, [uri]);
}

/** Whether either blocks the other. */
export async function isBlockBetween(db: Db, oneId: number, otherId: number): Promise<boolean> {
  const sql = 'SELECT 1 AS found FROM block WHERE account_id = ? AND target_id = ?';
  return (await db.get(sql, [oneId, otherId])) !== undefined || (await db.get(sql, [otherId, oneId])) !== undefined;
}

export async function insertBlock(db: Db, block: Block): Promise<boolean> {
  const inserted = await db.run(`INSERT INTO block (${columns}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, [
    block.id,
    block.accountId,
    block.targetId,
    block.uri,
    block.createdAt,
  ]);
  return inserted > 0;
}

export async function deleteBlock(db: Db, id: number): Promise<boolean> {
  return (await db.run('DELETE FROM block WHERE id = ?', [id])) > 0;
}
