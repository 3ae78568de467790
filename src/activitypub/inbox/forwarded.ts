import { objectOf, type Effect, throwIfTemporary } from '#activitypub/inbox/activity.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { fetchPost, isTombstone } from '#activitypub/remote/fetch-post.ts';
import { idOf, idsOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { isRestricted } from '#domain/posts/post.ts';
import { findPostByUri, isPostKnown } from '#domain/posts/post-store.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

/**
 * What to do about something forwarded without the actor's own signature: ask its origin, if it deletes a post that is here or answers one in
 * a thread that is (ActivityPub section 7.1.2); nothing, if it deletes what is not; else refuse it, as nobody may say it but the actor.
 */
export async function judgeForwarded(ctx: Ctx, activity: JsonObject): Promise<'ask' | 'ignore' | 'refuse'> {
  const actor = soleIdOf(own(activity, 'actor'));
  const object = objectOf(activity);
  const uri = idOf(object);
  if (actor === undefined || uri === undefined || !isSameOrigin(uri, actor)) return 'refuse';
  const [type] = typesOf(activity);
  if (type === 'Delete') return (await isPostKnown(ctx.db, uri)) ? 'ask' : 'ignore';
  if (type !== 'Create' || typeof object !== 'object') return 'refuse';
  const [parent] = idsOf(own(object, 'inReplyTo'), 1);
  return parent !== undefined && (await isPostKnown(ctx.db, parent)) ? 'ask' : 'refuse';
}

/** Asks the origin of what was forwarded. Of the message itself nothing is believed. */
export async function readForwarded(ctx: Ctx, activity: JsonObject): Promise<Effect | undefined> {
  const uri = idOf(objectOf(activity));
  if (uri === undefined) return undefined;
  if (typesOf(activity)[0] === 'Delete') return readForwardedDelete(ctx, uri);
  const found = await fetchPost(ctx, uri);
  if (!found.ok) throwIfTemporary(found);
  return undefined;
}

/** Gone is what its own server says is gone. Of posts for few, 404 says only that it does not show them to us. */
async function readForwardedDelete(ctx: Ctx, uri: string): Promise<Effect | undefined> {
  const post = await findPostByUri(ctx.db, uri);
  if (!post || post.deletedAt !== undefined || (await findAccount(ctx.db, post.accountId))?.host === '')
    return undefined;
  const document = await fetchDocument(ctx, uri);
  if (!document.ok) throwIfTemporary(document);
  const isGone = document.ok
    ? isTombstone(document.json)
    : document.reason === 'gone' && (document.status === 410 || !isRestricted(post.visibility));
  return isGone ? (tx) => deletePost(tx, post.accountId, post.id) : undefined;
}
