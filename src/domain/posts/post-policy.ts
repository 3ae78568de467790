import type { Db } from '#db/database.ts';
import { findBlock } from '#domain/relationships/block-store.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { isMentioned } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';

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
  const isOpen = post.visibility === 'public' || post.visibility === 'unlisted';
  if (viewer === undefined) return isOpen;
  if (viewer === post.accountId) return true;
  if (await findBlock(db, post.accountId, viewer)) return false;
  if (isOpen || (await isMentioned(db, post.id, viewer))) return true;
  return post.visibility === 'followers' && Boolean((await findFollow(db, viewer, post.accountId))?.accepted);
}

/** The same question in SQL, for lists: a condition for one viewer on the table `post`, or on an alias of it, with its parameters. */
export function visibleTo(viewer: Viewer, post: 'post' | 'original' = 'post'): { sql: string; values: number[] } {
  if (viewer === undefined) return { sql: `${post}.visibility IN ('public', 'unlisted')`, values: [] };
  return {
    sql: `(${post}.account_id = ? OR (
      NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = ${post}.account_id AND block.target_id = ?)
      AND (${post}.visibility IN ('public', 'unlisted')
        OR EXISTS (SELECT 1 FROM mention WHERE mention.post_id = ${post}.id AND mention.account_id = ?)
        OR (${post}.visibility = 'followers'
          AND EXISTS (SELECT 1 FROM follow WHERE follow.follower_id = ? AND follow.target_id = ${post}.account_id AND follow.accepted = 1)))))`,
    values: [viewer, viewer, viewer, viewer],
  };
}

/** Whoever may see that something was reblogged need not be somebody who may see what. For lists: a condition on `post`, with its parameters. */
export function originalVisibleTo(viewer: Viewer): { sql: string; values: number[] } {
  const { sql, values } = visibleTo(viewer, 'original');
  return {
    sql: `(post.reblog_of_id IS NULL OR EXISTS (
      SELECT 1 FROM post original WHERE original.id = post.reblog_of_id AND original.deleted_at IS NULL AND ${sql}))`,
    values,
  };
}
