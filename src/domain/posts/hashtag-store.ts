import { type Db, list, valuesOf } from '#db/database.ts';
import type { Post } from '#domain/posts/post.ts';

export interface NewHashtag {
  /** For the case that nobody wrote it before. */
  id: number;
  /** Key: compares without case. */
  name: string;
  /** As written, without #. */
  display: string;
}

/** Ties hashtags to a post: those there are keep their id, and how they were first written. */
export async function insertHashtags(
  db: Db,
  { id: postId, visibility }: Pick<Post, 'id' | 'visibility'>,
  tags: readonly NewHashtag[],
): Promise<void> {
  if (tags.length === 0) return;
  const rows = valuesOf(tags.map(({ id, name, display }) => [id, name, display]));
  await db.run(`INSERT INTO hashtag (id, name, display) ${rows.sql} ON CONFLICT DO NOTHING`, rows.values);
  const names = list(tags.map((tag) => tag.name));
  await db.run(
    `INSERT INTO post_hashtag (post_id, is_public, hashtag_id)
     SELECT CAST(? AS BIGINT), CAST(? AS INTEGER), id FROM hashtag WHERE name ${names.sql} ON CONFLICT DO NOTHING`,
    [postId, visibility === 'public' ? 1 : 0, ...names.values],
  );
}

export async function deleteHashtags(db: Db, postId: number): Promise<void> {
  await db.run('DELETE FROM post_hashtag WHERE post_id = ?', [postId]);
}

export interface PostHashtag {
  postId: number;
  /** Key: compares without case. */
  name: string;
  /** As first written. */
  display: string;
}

export async function listHashtags(db: Db, postIds: readonly number[]): Promise<PostHashtag[]> {
  if (postIds.length === 0) return [];
  const wanted = list(postIds);
  return db.all<PostHashtag>(
    `SELECT post_id, name, display FROM post_hashtag JOIN hashtag ON hashtag.id = hashtag_id WHERE post_id ${wanted.sql}`,
    wanted.values,
  );
}
