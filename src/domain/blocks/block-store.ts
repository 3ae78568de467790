import { type Db, list } from '#db/database.ts';

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
  return (await listBlocksBetween(db, oneId, [otherId])).length > 0;
}

/** Those of `otherIds` who block `accountId`, or whom it blocks. */
export async function listBlocksBetween(db: Db, accountId: number, otherIds: readonly number[]): Promise<number[]> {
  const others = list(otherIds);
  const rows = await db.all<{ id: number }>(
    `SELECT target_id AS id FROM block WHERE account_id = ? AND target_id ${others.sql}
     UNION SELECT account_id FROM block WHERE target_id = ? AND account_id ${others.sql}`,
    [accountId, ...others.values, accountId, ...others.values],
  );
  return rows.map((row) => row.id);
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

/** Deletes up to `limit` blocks by or of `accountId`. Returns how many. */
export async function deleteBlocksOf(db: Db, accountId: number, limit: number): Promise<number> {
  return db.run(
    `WITH gone AS MATERIALIZED (
       SELECT id FROM block WHERE account_id = ? UNION ALL SELECT id FROM block WHERE target_id = ? LIMIT ?)
     DELETE FROM block WHERE id IN (SELECT id FROM gone)`,
    [accountId, accountId, limit],
  );
}
