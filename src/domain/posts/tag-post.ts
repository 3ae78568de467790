import type { Ctx } from '#context.ts';
import { insertHashtags } from '#domain/posts/hashtag-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { normalizeHashtag } from '#lib/text.ts';

/** Ties hashtags (as written, without #) to a post, in a transaction. */
export async function tagPost(tx: Ctx, post: Pick<Post, 'id' | 'visibility'>, tags: readonly string[]): Promise<void> {
  const rows = tags.map((display) => ({ id: tx.ids.next(), name: normalizeHashtag(display), display }));
  // In one order, so that two posts with the same new hashtags do not wait for each other.
  await insertHashtags(
    tx.db,
    post,
    rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
}
