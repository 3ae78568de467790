import type { Db } from '#db/database.ts';

export interface IndexablePost {
  id: number;
  username: string;
  /** Epoch ms. */
  changedAt: number;
}

/** Public posts of local people who agree that search engines index them, newest first. */
export async function listIndexablePosts(db: Db, limit: number): Promise<IndexablePost[]> {
  return db.all<IndexablePost>(
    `SELECT post.id, account.username, COALESCE(post.edited_at, post.published_at) AS changed_at
     FROM post JOIN account ON account.id = post.account_id
     WHERE post.visibility = 'public' AND post.deleted_at IS NULL AND post.reblog_of_id IS NULL AND post.source IS NOT NULL
       AND account.indexable = 1 AND account.deleted_at IS NULL
     ORDER BY post.id DESC LIMIT ?`,
    [limit],
  );
}
