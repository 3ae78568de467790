import type { Ctx } from '#context.ts';
import { type Db, list } from '#db/database.ts';
import { normalizeHashtag } from '#lib/text.ts';

/** Ties `tags` (as written, without #) to a post. */
export async function insertHashtags(ctx: Ctx, postId: number, tags: readonly string[]): Promise<void> {
  for (const tag of tags) {
    const name = normalizeHashtag(tag);
    await ctx.db.run('INSERT INTO hashtag (id, name, display) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING', [
      ctx.ids.next(),
      name,
      tag,
    ]);
    await ctx.db.run(
      'INSERT INTO post_hashtag (post_id, hashtag_id) SELECT CAST(? AS BIGINT), id FROM hashtag WHERE name = ? ON CONFLICT DO NOTHING',
      [postId, name],
    );
  }
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
