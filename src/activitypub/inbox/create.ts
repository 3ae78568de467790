import {
  type Activity,
  embeddedPostOf,
  needsFollower,
  needsNetwork,
  objectOf,
  type Reach,
  type ReadActivity,
  type Reading,
  throwIfTemporary,
} from '#activitypub/inbox/activity.ts';
import { fetchPost } from '#activitypub/remote/fetch-post.ts';
import { httpUrl } from '#activitypub/remote/fields.ts';
import { openPost, type UnreadPost } from '#activitypub/remote/object-reader.ts';
import type { Ctx } from '#context.ts';
import { isPostKnown } from '#domain/posts/post-store.ts';
import { concernOf, receivePost } from '#domain/posts/receive-post.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';
import { isSameOrigin } from '#lib/host.ts';

/** A new post: kept if it concerns anybody here. */
export const readCreate: ReadActivity = async (ctx, activity, reach) => {
  const object = objectOf(activity.json);
  if (typeof object === 'string') return readReference(ctx, activity, object, reach);
  const json = embeddedPostOf(activity.json);
  const post = json && openPost(json, activity.actor, ctx.now());
  return post && planPost(ctx, activity, post, reach);
};

/** What becomes of a post by the actor that is not known here. */
export async function planPost(ctx: Ctx, { actor }: Activity, post: UnreadPost, reach: Reach): Promise<Reading> {
  const { head } = post;
  const { isRelevant, isParentMissing, mentionedIds } = await concernOf(ctx.db, actor, head);
  if (!isRelevant) return needsFollower;
  if (await isPostKnown(ctx.db, head.uri)) return undefined;
  if (isParentMissing) {
    // First what it answers: who sees an answer at home depends on it. An answer to what cannot be had is kept all the same.
    if (reach === 'local') return needsNetwork;
    await fetchPost(ctx, head.inReplyToUri!);
  }
  const received = post.read();
  return (tx) => receivePost(tx, actor, received, mentionedIds);
}

/** A post that is only named: fetched for those who follow its author. */
async function readReference(ctx: Ctx, { actor }: Activity, object: string, reach: Reach): Promise<Reading> {
  const uri = httpUrl(object);
  if (uri === undefined || !isSameOrigin(uri, actor.uri)) return undefined;
  if (!(await hasLocalFollower(ctx.db, actor.id))) return needsFollower;
  if (reach === 'local') return needsNetwork;
  const found = await fetchPost(ctx, uri);
  if (!found.ok) throwIfTemporary(found);
  return undefined;
}
