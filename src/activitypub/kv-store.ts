import type { Db } from '#db/database.ts';

export interface KvRow {
  keyHash: string;
  /** JSON array of segments. */
  key: string;
  /** JSON. */
  value: string;
  /** Epoch ms. */
  expiresAt: number;
}

const alive = '(expires_at IS NULL OR expires_at > ?)';

export async function findKv(db: Db, keyHash: string, now: number): Promise<{ value: string } | undefined> {
  return db.get(`SELECT value FROM fedify_kv WHERE key_hash = ? AND ${alive}`, [keyHash, now]);
}

export async function upsertKv(db: Db, row: KvRow): Promise<void> {
  await db.run(
    `INSERT INTO fedify_kv (key_hash, key, value, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_hash) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
    [row.keyHash, row.key, row.value, row.expiresAt],
  );
}

/** False when it is there, and not expired. */
export async function insertKv(db: Db, row: KvRow, now: number): Promise<boolean> {
  const inserted = await db.run(
    `INSERT INTO fedify_kv (key_hash, key, value, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_hash) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
     WHERE fedify_kv.expires_at <= ?`,
    [row.keyHash, row.key, row.value, row.expiresAt, now],
  );
  return inserted > 0;
}

/** Only if the text is still `before`. */
export async function replaceKv(db: Db, row: KvRow, before: string): Promise<boolean> {
  const values = [row.value, row.expiresAt, row.keyHash, before];
  return (await db.run('UPDATE fedify_kv SET value = ?, expires_at = ? WHERE key_hash = ? AND value = ?', values)) > 0;
}

/** With `before`, only if the text is still that. */
export async function deleteKv(db: Db, keyHash: string, before?: string): Promise<boolean> {
  const unchanged = before === undefined ? '' : 'AND value = ?';
  const values = before === undefined ? [keyHash] : [keyHash, before];
  return (await db.run(`DELETE FROM fedify_kv WHERE key_hash = ? ${unchanged}`, values)) > 0;
}

/** The row with the key `exact`, and those whose key begins with `from`. */
export async function listKv(
  db: Db,
  { exact, from }: { exact: string | undefined; from: string },
  now: number,
): Promise<KvRow[]> {
  return db.all(
    `SELECT key_hash, key, value, expires_at FROM fedify_kv WHERE (key = ? OR substr(key, 1, ?) = ?) AND ${alive} ORDER BY key_hash`,
    [exact, from.length, from, now],
  );
}

/** Deletes expired rows. Returns how many. */
export async function pruneKv(db: Db, now: number, limit: number): Promise<number> {
  return db.run(
    'DELETE FROM fedify_kv WHERE key_hash IN (SELECT key_hash FROM fedify_kv WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
    [now, limit],
  );
}
