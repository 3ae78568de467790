import { type Db, list } from '#db/database.ts';

export interface Favourite {
  id: number;
  accountId: number;
  postId: number;
  /** Id of the Like activity. */
  uri: string;
  createdAt: number;
}

const columns = 'id, account_id, post_id, uri, created_at';

export async function findFavourite(db: Db, accountId: number, postId: number): Promise<Favourite | undefined> {
  return db.get<Favourite>(`SELECT ${columns} FROM favourite WHERE post_id = ? AND account_id = ?`, [
    postId,
    accountId,
  ]);
}

export async function findFavouriteById(db: Db, id: number): Promise<Favourite | undefined> {
  return db.get<Favourite>(`SELECT ${columns} FROM favourite WHERE id = ?`, [id]);
}

export async function findFavouriteByUri(db: Db, uri: string): Promise<Favourite | undefined> {
  return db.get<Favourite>(`SELECT ${columns} FROM favourite WHERE uri = ?`, [uri]);
}

/** How many posts `accountId` likes, of those that are still there. */
export async function countFavourites(db: Db, accountId: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    `SELECT count(*) AS n FROM favourite JOIN post ON post.id = favourite.post_id
     WHERE favourite.account_id = ? AND post.deleted_at IS NULL`,
    [accountId],
  );
  return row!.n;
}

/** Which of these posts `accountId` likes. */
export async function listFavouritedIds(db: Db, accountId: number, postIds: readonly number[]): Promise<number[]> {
  const wanted = list(postIds);
  const rows = await db.all<{ postId: number }>(
    `SELECT post_id FROM favourite WHERE account_id = ? AND post_id ${wanted.sql}`,
    [accountId, ...wanted.values],
  );
  return rows.map((row) => row.postId);
}

/** False when it was there already. */
export async function insertFavourite(db: Db, row: Favourite): Promise<boolean> {
  const inserted = await db.run(`INSERT INTO favourite (${columns}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, [
    row.id,
    row.accountId,
    row.postId,
    row.uri,
    row.createdAt,
  ]);
  return inserted > 0;
}

export async function deleteFavourite(db: Db, id: number): Promise<void> {
  await db.run('DELETE FROM favourite WHERE id = ?', [id]);
}

/** Deletes up to `limit` favourites of `accountId`, and returns the posts they were of: counters are left as they are. */
export async function deleteFavouritesOf(db: Db, accountId: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ postId: number }>(
    `WITH gone AS MATERIALIZED (SELECT id FROM favourite WHERE account_id = ? ORDER BY id LIMIT ?)
     DELETE FROM favourite WHERE id IN (SELECT id FROM gone) RETURNING post_id`,
    [accountId, limit],
  );
  return rows.map((row) => row.postId);
}
