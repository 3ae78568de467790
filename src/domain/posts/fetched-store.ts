import type { Db } from '#db/database.ts';

/** When a post was last read from its server (epoch ms); undefined for one that was only ever brought here. */
export async function findPostFetchedAt(db: Db, id: number): Promise<number | undefined> {
  const row = await db.get<{ fetchedAt: number | null }>('SELECT fetched_at FROM post WHERE id = ?', [id]);
  return row?.fetchedAt ?? undefined;
}

export async function markPostFetched(db: Db, id: number, fetchedAt: number): Promise<void> {
  await db.run('UPDATE post SET fetched_at = ? WHERE id = ?', [fetchedAt, id]);
}
