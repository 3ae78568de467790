import type { ReadActivity } from '#activitypub/inbox/activity.ts';
import { featuredPostOf } from '#activitypub/inbox/add.ts';
import { unpin } from '#domain/posts/pin.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';

/** The actor unpins one of its posts. */
export const readRemove: ReadActivity = async (ctx, activity) => {
  const uri = featuredPostOf(activity);
  const post = uri === undefined ? undefined : await findPostByUri(ctx.db, uri);
  return post && ((tx) => unpin(tx, activity.actor.id, post.id));
};
