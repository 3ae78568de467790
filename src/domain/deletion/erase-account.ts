import type { Ctx } from '#context.ts';
import type { Db } from '#db/database.ts';
import { addToCountersOfAccounts, findAccount } from '#domain/accounts/account-store.ts';
import { deleteBlocksOf } from '#domain/blocks/block-store.ts';
import { deleteHomeOf } from '#domain/home/home-store.ts';
import { deleteNotificationsOf } from '#domain/notifications/notification-store.ts';
import { deleteConversationsOf } from '#domain/posts/conversation-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { deleteFavouritesOf } from '#domain/posts/favourite-store.ts';
import { addToCountersOfPosts, listPostIdsOf } from '#domain/posts/post-store.ts';
import { deleteFollowsOf, hasFollows } from '#domain/relationships/follow-store.ts';

/** Posts and rows erased in one transaction: an account may have a million followers, and nobody else writes meanwhile. */
const BATCH = 100;

/** Erases up to `limit` things of an account, and returns how many. */
type Eraser = (tx: Ctx, accountId: number, limit: number) => Promise<number>;

const erasers: readonly Eraser[] = [
  erasePosts,
  eraseFollows,
  eraseFavourites,
  (tx, accountId, limit) => deleteBlocksOf(tx.db, accountId, limit),
  (tx, accountId, limit) => deleteNotificationsOf(tx.db, accountId, limit),
  (tx, accountId, limit) => deleteConversationsOf(tx.db, accountId, limit),
  (tx, accountId, limit) => deleteHomeOf(tx.db, accountId, limit),
];

/**
 * Erases what a deleted account left, with the counters of others that showed it, one batch at a time: a handler of `account.deleted` and
 * `account.partly-erased`.
 */
export async function eraseAccount(tx: Ctx, accountId: number): Promise<void> {
  const account = await findAccount(tx.db, accountId);
  if (account?.deletedAt === undefined) return;
  let room = BATCH;
  for (const erase of erasers) {
    room -= await erase(tx, accountId, room);
    if (room > 0) continue;
    await tx.emit({ type: 'account.partly-erased', accountId });
    return;
  }
}

/** Whether nothing is left of a deleted account that would be missing, or counted wrongly, if it came back. */
export async function isErased(db: Db, accountId: number): Promise<boolean> {
  return (await listPostIdsOf(db, accountId, 1)).length === 0 && !(await hasFollows(db, accountId));
}

async function erasePosts(tx: Ctx, accountId: number, limit: number): Promise<number> {
  const posts = await listPostIdsOf(tx.db, accountId, limit);
  for (const id of posts) await deletePost(tx, accountId, id);
  return posts.length;
}

async function eraseFollows(tx: Ctx, accountId: number, limit: number): Promise<number> {
  const follows = await deleteFollowsOf(tx.db, accountId, limit);
  const version = tx.now();
  const accepted = follows.filter((follow) => follow.accepted);
  const followed = accepted.filter((follow) => follow.followerId === accountId).map((follow) => follow.targetId);
  const followers = accepted.filter((follow) => follow.targetId === accountId).map((follow) => follow.followerId);
  await addToCountersOfAccounts(tx.db, followed, { followers: -1, version });
  await addToCountersOfAccounts(tx.db, followers, { following: -1, version });
  return follows.length;
}

async function eraseFavourites(tx: Ctx, accountId: number, limit: number): Promise<number> {
  const posts = await deleteFavouritesOf(tx.db, accountId, limit);
  await addToCountersOfPosts(tx.db, posts, { favourites: -1, version: tx.now() });
  return posts.length;
}
