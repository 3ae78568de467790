import type { Db } from '#db/database.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import { isMentioned } from '#domain/posts/mention-store.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';

/** Whoever looks: an account (local or remote), or nobody in particular. */
export type Viewer = number | undefined;

/**
 * Whether `viewer` may see a post: its author always; people named in it and, except in direct messages, accepted followers, unless the
 * author blocks them; everybody what is public or unlisted. A deleted post counts as what it was.
 */
export async function canSee(
  db: Db,
  viewer: Viewer,
  post: Pick<Post, 'id' | 'accountId' | 'visibility'>,
): Promise<boolean> {
  const isOpen = !isRestricted(post.visibility);
  if (viewer === undefined) return isOpen;
  if (viewer === post.accountId) return true;
  if (await findBlock(db, post.accountId, viewer)) return false;
  if (isOpen || (await isMentioned(db, post.id, viewer))) return true;
  return post.visibility === 'followers' && Boolean((await findFollow(db, viewer, post.accountId))?.accepted);
}

/** Whether whoever sees a post may show it to others: restricted posts nobody but, where they are for followers, their author. */
export function canReblog(accountId: number, post: Pick<Post, 'accountId' | 'visibility'>): boolean {
  return !isRestricted(post.visibility) || (post.visibility === 'followers' && post.accountId === accountId);
}
