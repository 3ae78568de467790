import type { Viewer } from '#domain/posts/post-policy.ts';

interface Condition {
  sql: string;
  values: number[];
}

/**
 * What `viewer` is shown among others: what it may see, but for the posts of whom it blocks. Those it still sees where it asks for them, by
 * the address of the post or of the profile.
 */
export function shownTo(viewer: Viewer, post: 'post' | 'original' = 'post'): Condition {
  const visible = visibleTo(viewer, post);
  if (viewer === undefined) return visible;
  return {
    sql: `(${visible.sql} AND NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = ? AND block.target_id = ${post}.account_id))`,
    values: [...visible.values, viewer],
  };
}

/** `canSee` in SQL, for lists: a condition for one viewer on the table `post`, or on an alias of it, with its parameters. */
export function visibleTo(viewer: Viewer, post: 'post' | 'original' = 'post'): Condition {
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

/** Whoever may see that something was reblogged need not be somebody who is shown what. For lists: a condition on `post`, with its parameters. */
export function originalShownTo(viewer: Viewer): Condition {
  const { sql, values } = shownTo(viewer, 'original');
  return {
    sql: `(post.reblog_of_id IS NULL OR EXISTS (
      SELECT 1 FROM post original WHERE original.id = post.reblog_of_id AND original.deleted_at IS NULL AND ${sql}))`,
    values,
  };
}
