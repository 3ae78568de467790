import { type Activity, objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { httpUrl, idOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { acceptFollow } from '#domain/relationships/follow.ts';
import { findFollow, findFollowByUri, type Follow } from '#domain/relationships/follow-store.ts';

/** The actor lets somebody here follow it. */
export const readAccept: ReadActivity = async (ctx, activity) => {
  const asked = await findFollowOf(ctx, activity);
  return asked && ((tx) => acceptFollow(tx, activity.actor.id, asked.followerId));
};

/**
 * The follow of the actor that an Accept or Reject answers: a row of ours, found by the id we gave it or, as some servers do not send that
 * back, by who follows whom. Never what the activity says there should be.
 */
export async function findFollowOf(ctx: Ctx, { actor, json }: Activity): Promise<Follow | undefined> {
  const object = objectOf(json);
  const uri = idOf(object);
  const byUri = uri === undefined ? undefined : await findFollowByUri(ctx.db, uri);
  if (byUri) return byUri.targetId === actor.id ? byUri : undefined;
  if (object === undefined || typeof object === 'string' || !typesOf(object).includes('Follow')) return undefined;
  if (soleIdOf(own(object, 'object')) !== actor.uri) return undefined;
  const followerUri = httpUrl(soleIdOf(own(object, 'actor')));
  const follower = followerUri === undefined ? undefined : await findAccountByUri(ctx.db, followerUri);
  return follower && findFollow(ctx.db, follower.id, actor.id);
}
