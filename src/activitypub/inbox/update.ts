import {
  type Activity,
  type Effect,
  embeddedPostOf,
  needsNetwork,
  objectOf,
  type Reach,
  type ReadActivity,
  type Reading,
} from '#activitypub/inbox/activity.ts';
import { planPost } from '#activitypub/inbox/create.ts';
import { readActor } from '#activitypub/remote/actor-reader.ts';
import { actorKindOf } from '#activitypub/remote/kinds.ts';
import { fetchActor } from '#activitypub/remote/fetch-actor.ts';
import { openPost, type UnreadPost } from '#activitypub/remote/object-reader.ts';
import type { Ctx } from '#context.ts';
import { holdsHandle } from '#domain/accounts/account-store.ts';
import { receiveAccount } from '#domain/accounts/receive-account.ts';
import { isPostKnown } from '#domain/posts/post-store.ts';
import { concernOf } from '#domain/posts/receive-post.ts';
import { receiveEdit } from '#domain/posts/receive-edit.ts';
import type { JsonObject } from '#lib/json.ts';

/** An actor's new profile, or an edit of one of its posts. */
export const readUpdate: ReadActivity = async (ctx, activity, reach) => {
  const object = objectOf(activity.json);
  if (object === undefined || typeof object === 'string') return undefined;
  if (actorKindOf(object) !== undefined) return readProfile(ctx, activity, object, reach);
  const json = embeddedPostOf(activity.json);
  const post = json && openPost(json, activity.actor, ctx.now());
  if (!post) return undefined;
  if (await isPostKnown(ctx.db, post.head.uri)) return readEdit(ctx, activity, post);
  // It has overtaken its Create, which may come between now and then.
  const plan = await planPost(ctx, activity, post, reach);
  if (typeof plan === 'symbol') return plan;
  const edit = await readEdit(ctx, activity, post);
  return async (tx) => (await plan?.(tx)) ?? edit(tx);
};

async function readEdit(ctx: Ctx, { actor }: Activity, post: UnreadPost): Promise<Effect> {
  const { mentionedIds } = await concernOf(ctx.db, actor, post.head);
  const edit = post.read();
  return (tx) => receiveEdit(tx, actor.id, edit, mentionedIds);
}

/**
 * An actor speaks for itself; only a new name, one that another has got meanwhile, or a profile without keys, is looked up where it lives.
 */
async function readProfile(ctx: Ctx, { actor }: Activity, object: JsonObject, reach: Reach): Promise<Reading> {
  const document = readActor(object);
  if (document && document.profile.uri !== actor.uri) return undefined;
  if (
    !document ||
    document.keys.length === 0 ||
    document.profile.username.toLowerCase() !== actor.username.toLowerCase() ||
    !(await holdsHandle(ctx.db, actor))
  ) {
    if (reach === 'local') return needsNetwork;
    await fetchActor(ctx, actor.uri);
    return undefined;
  }
  const profile = { ...document.profile, host: actor.host };
  // It keeps the handle that it has; nobody has confirmed that it may take it from another.
  return (tx) => receiveAccount(tx, { profile, keys: document.keys, isHandleConfirmed: false });
}
