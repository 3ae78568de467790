import {
  type Activity,
  needsFollower,
  needsNetwork,
  objectOf,
  type ReadActivity,
  throwIfTemporary,
} from '#activitypub/inbox/activity.ts';
import { fetchPost } from '#activitypub/remote/fetch-post.ts';
import { idOf, own, soleIdOf } from '#activitypub/remote/fields.ts';
import { countPins } from '#domain/posts/pin-store.ts';
import { PIN_LIMIT, pin } from '#domain/posts/pin.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';
import { isSameOrigin } from '#lib/host.ts';

/** The actor pins one of its posts. */
export const readAdd: ReadActivity = async (ctx, activity, reach) => {
  const { actor } = activity;
  const uri = featuredPostOf(activity);
  if (uri === undefined) return undefined;
  let post = await findPostByUri(ctx.db, uri);
  if (!post) {
    if (!(await hasLocalFollower(ctx.db, actor.id))) return needsFollower;
    if (reach === 'local') return needsNetwork;
    const found = await fetchPost(ctx, uri);
    if (!found.ok) return throwIfTemporary(found);
    post = found.post;
  }
  const { id, accountId } = post;
  if (accountId !== actor.id) return undefined;
  return async (tx) => {
    if ((await countPins(tx.db, accountId)) < PIN_LIMIT) await pin(tx, accountId, id);
  };
};

/** The post that is added to, or removed from, the actor's own featured collection. */
export function featuredPostOf({ actor, json }: Activity): string | undefined {
  const uri = idOf(objectOf(json));
  const target = soleIdOf(own(json, 'target'));
  const isFeatured = target !== undefined && target === actor.featuredUri;
  return isFeatured && uri !== undefined && isSameOrigin(uri, actor.uri) ? uri : undefined;
}
