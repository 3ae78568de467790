import {
  type Activity,
  needsNetwork,
  objectOf,
  type Reach,
  type ReadActivity,
  type Reading,
  throwIfTemporary,
} from '#activitypub/inbox/activity.ts';
import { fetchPost } from '#activitypub/remote/fetch-post.ts';
import { httpUrl } from '#activitypub/remote/fields.ts';
import { readPost } from '#activitypub/remote/object-reader.ts';
import type { Ctx } from '#context.ts';
import { concernOf, type ReceivedPost, receivePost } from '#domain/posts/receive-post.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';
import { isSameOrigin } from '#lib/host.ts';

/** A new post: kept if it concerns anybody here. */
export const readCreate: ReadActivity = async (ctx, activity, reach) => {
  const object = objectOf(activity.json);
  if (typeof object === 'string') return readReference(ctx, activity, object, reach);
  const post = object && readPost(object, activity.actor, ctx.now());
  return post && planPost(ctx, activity, post, reach);
};

/** What becomes of a post by the actor that is not known here. */
export async function planPost(ctx: Ctx, { actor }: Activity, post: ReceivedPost, reach: Reach): Promise<Reading> {
  const { isRelevant, isParentMissing, mentionedIds } = await concernOf(ctx.db, actor, post);
  if (!isRelevant) return undefined;
  if (isParentMissing) {
    // First what it answers: who sees an answer at home depends on it. An answer to what cannot be had is kept all the same.
    if (reach === 'local') return needsNetwork;
    await fetchPost(ctx, post.inReplyToUri!);
  }
  return (tx) => receivePost(tx, actor, post, mentionedIds);
}

/** A post that is only named: fetched for those who follow its author. */
async function readReference(ctx: Ctx, { actor }: Activity, object: string, reach: Reach): Promise<Reading> {
  const uri = httpUrl(object);
  if (uri === undefined || !isSameOrigin(uri, actor.uri) || !(await hasLocalFollower(ctx.db, actor.id)))
    return undefined;
  if (reach === 'local') return needsNetwork;
  const found = await fetchPost(ctx, uri);
  if (!found.ok) throwIfTemporary(found);
  return undefined;
}
