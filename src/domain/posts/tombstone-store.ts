import { hash } from 'node:crypto';
import type { Db } from '#db/database.ts';

/** Of one account. What it takes back comes late by seconds or days, and the ids are as many as it likes. */
const KEPT = 1_000;

/** Whether `accountId` deleted or took back `uri` before it was seen here, at `since` (epoch ms) or later. */
export async function hasTombstone(db: Db, uri: string, accountId: number, since = 0): Promise<boolean> {
  const found = await db.get(
    'SELECT 1 AS found FROM tombstone WHERE account_id = ? AND uri_hash = ? AND deleted_at >= ?',
    [accountId, hashOf(uri), since],
  );
  return found !== undefined;
}

/** Remembers it, and forgets the account's oldest beyond the newest thousand. */
export async function insertTombstone(
  db: Db,
  { uri, accountId, deletedAt }: { uri: string; accountId: number; deletedAt: number },
): Promise<void> {
  await db.run('INSERT INTO tombstone (account_id, uri_hash, deleted_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', [
    accountId,
    hashOf(uri),
    deletedAt,
  ]);
  await db.run(
    `DELETE FROM tombstone WHERE account_id = ? AND uri_hash IN (
       SELECT uri_hash FROM tombstone WHERE account_id = ? ORDER BY deleted_at DESC, uri_hash LIMIT 10 OFFSET ?)`,
    [accountId, accountId, KEPT],
  );
}

/** Returns how many were forgotten. */
export async function deleteTombstones(db: Db, before: number, limit: number): Promise<number> {
  return db.run(
    `DELETE FROM tombstone WHERE (account_id, uri_hash) IN (
       SELECT account_id, uri_hash FROM tombstone WHERE deleted_at < ? ORDER BY deleted_at LIMIT ?)`,
    [before, limit],
  );
}

function hashOf(uri: string): string {
  return hash('sha256', uri, 'base64url');
}
