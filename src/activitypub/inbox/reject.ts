import { findFollowOf } from '#activitypub/inbox/accept.ts';
import type { ReadActivity } from '#activitypub/inbox/activity.ts';
import { rejectFollow } from '#domain/relationships/follow.ts';

/** The actor refuses a follower from here, or sends one away. */
export const readReject: ReadActivity = async (ctx, activity) => {
  const refused = await findFollowOf(ctx, activity);
  return refused && ((tx) => rejectFollow(tx, activity.actor.id, refused.followerId));
};
