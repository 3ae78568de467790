import { objectOf, type Effect, throwIfTemporary } from '#activitypub/inbox/activity.ts';
import type { Signer } from '#activitypub/key-ring.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { fetchPost, isTombstone } from '#activitypub/remote/fetch-post.ts';
import { idOf, idsOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { isRestricted } from '#domain/posts/post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

/** Whoever passed it on, and whether somebody here has to do with their host. */
export interface Forwarder {
  signer: Pick<Signer, 'accountId' | 'actorUri'>;
  isKnown: boolean;
}

/**
 * What to do about something forwarded without the actor's own signature: ask its origin, if it deletes a post that is here or answers one of
 * the forwarder's, or of ours (ActivityPub section 7.1.2); nothing, if it deletes what is not; else refuse it, as nobody may say it but the
 * actor. Strangers' word is not enough to ask anybody anything, and the answer tells nobody of a post that they may not see.
 */
export async function judgeForwarded(
  ctx: Ctx,
  activity: JsonObject,
  { signer, isKnown }: Forwarder,
): Promise<'ask' | 'ignore' | 'refuse'> {
  const actor = soleIdOf(own(activity, 'actor'));
  const object = objectOf(activity);
  const uri = idOf(object);
  if (actor === undefined || uri === undefined || !isSameOrigin(uri, actor)) return 'refuse';
  const types = typesOf(activity);
  if (types.includes('Delete')) return isKnown && (await isDeletable(ctx, uri)) ? 'ask' : 'ignore';
  if (!types.includes('Create') || typeof object !== 'object') return 'refuse';
  const [parent] = idsOf(own(object, 'inReplyTo'), 1);
  return isKnown && parent !== undefined && (await mayForwardAnswers(ctx, parent, signer)) ? 'ask' : 'refuse';
}

async function isDeletable(ctx: Ctx, uri: string): Promise<boolean> {
  const post = await findPostByUri(ctx.db, uri);
  return post !== undefined && post.deletedAt === undefined;
}

/** Answers are forwarded by the server of the post that they answer. Those to restricted posts only by its author, who knows of it. */
async function mayForwardAnswers(ctx: Ctx, parentUri: string, signer: Forwarder['signer']): Promise<boolean> {
  const parent = await findPostByUri(ctx.db, parentUri);
  if (!parent || parent.deletedAt !== undefined) return false;
  if (parent.accountId === signer.accountId) return true;
  const isTheirs = isSameOrigin(parent.uri, signer.actorUri) || isSameOrigin(parent.uri, ctx.config.origin);
  return isTheirs && !isRestricted(parent.visibility);
}

/** Asks the origin of what was forwarded. Of the message itself nothing is believed. */
export async function readForwarded(ctx: Ctx, activity: JsonObject): Promise<Effect | undefined> {
  const uri = idOf(objectOf(activity));
  if (uri === undefined) return undefined;
  if (typesOf(activity).includes('Delete')) return readForwardedDelete(ctx, uri);
  // What it answers is here, if what was said of it is true; nobody is asked for more than one document on a stranger's word.
  const found = await fetchPost(ctx, uri, { ancestors: 0 });
  if (!found.ok) throwIfTemporary(found);
  return undefined;
}

/** Gone is what its own server says is gone. Of posts for few, 404 says only that it does not show them to us. */
export async function readForwardedDelete(ctx: Ctx, uri: string): Promise<Effect | undefined> {
  const post = await findPostByUri(ctx.db, uri);
  if (!post || post.deletedAt !== undefined || isSameOrigin(post.uri, ctx.config.origin)) return undefined;
  const document = await fetchDocument(ctx, uri);
  if (!document.ok) throwIfTemporary(document);
  const isGone = document.ok
    ? isTombstone(document.json)
    : document.reason === 'gone' && (document.status === 410 || !isRestricted(post.visibility));
  return isGone ? (tx) => deletePost(tx, post.accountId, post.id) : undefined;
}
