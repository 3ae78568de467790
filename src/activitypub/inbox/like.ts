import { objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { idOf } from '#activitypub/remote/fields.ts';
import { favourite } from '#domain/posts/favourite.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';

/** The actor likes a post that is known here; a reaction with an emoji counts as one. Of other posts nobody here would see it. */
export const readLike: ReadActivity = async (ctx, { actor, id, json }) => {
  const uri = idOf(objectOf(json));
  const post = uri === undefined ? undefined : await findPostByUri(ctx.db, uri);
  if (!post || post.deletedAt !== undefined) return undefined;
  return async (tx) => {
    if (id !== undefined && (await hasTombstone(tx.db, id, actor.id))) return;
    await favourite(tx, actor.id, post.id, id);
  };
};
