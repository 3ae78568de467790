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
