import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findPost } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { insertIntoHome, insertIntoHomes } from '#domain/timelines/home-store.ts';

/** Followers served at once: inserting 1,000 rows would hold everybody else up for 13 ms. */
const CHUNK = 200;

/** Writes a new post to home timelines: its author's and the first followers' now, in the same transaction, the others by jobs. */
export async function fanOut(tx: Ctx, author: Account, post: Post): Promise<void> {
  if (isLocal(author)) await insertIntoHome(tx.db, author.id, post.id);
  await fanOutChunk(tx, post, 0);
}

/** Goes on where `fanOut` stopped, unless the post was deleted meanwhile: a handler of `post.fan-out`. */
export async function fanOutFurther(tx: Ctx, postId: number, afterFollowerId: number): Promise<void> {
  const post = await findPost(tx.db, postId);
  if (post && post.deletedAt === undefined) await fanOutChunk(tx, post, afterFollowerId);
}

/** The followers with ids above `after`, and a job for those that remain. */
async function fanOutChunk(tx: Ctx, post: Post, after: number): Promise<void> {
  const last = await insertIntoHomes(tx.db, post, after, CHUNK);
  if (last !== undefined) await tx.emit({ type: 'post.fan-out', postId: post.id, afterFollowerId: last });
}
