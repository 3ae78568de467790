import type { Ctx } from '#context.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { insertTombstone } from '#domain/posts/tombstone-store.ts';

/**
 * A remote account deleted its post (or took its reblog back), in a transaction. What is not here is remembered, so that it stays deleted
 * when it comes late; what is somebody else's stays.
 */
export async function receiveDeletion(tx: Ctx, accountId: number, uri: string): Promise<void> {
  const post = await findPostByUri(tx.db, uri);
  if (!post) await insertTombstone(tx.db, { uri, accountId, deletedAt: tx.now() });
  else if (post.accountId === accountId && post.deletedAt === undefined) await deletePost(tx, accountId, post.id);
}
