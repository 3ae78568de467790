import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { type Arrival, insertIntoHome, insertIntoHomes } from '#domain/home/home-store.ts';

/** Followers served at once: inserting 1,000 rows would hold everybody else up for 13 ms. */
const CHUNK = 200;

/** Writes a new post to home timelines: its author's and the first followers' now, in the same transaction, the others by jobs. */
export async function fanOut(tx: Ctx, author: Account, post: Arrival): Promise<void> {
  if (isLocal(author)) await insertIntoHome(tx.db, author.id, post.id);
  await fanOutAfter(tx, post, 0);
}

/** Goes on where `fanOut` stopped: the followers with ids above `after`, and a job for those that remain. */
export async function fanOutAfter(tx: Ctx, post: Arrival, after: number): Promise<void> {
  const last = await insertIntoHomes(tx.db, post, after, CHUNK);
  if (last !== undefined) await tx.emit({ type: 'post.partly-fanned-out', postId: post.id, afterFollowerId: last });
}
