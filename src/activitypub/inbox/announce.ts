import {
  type Activity,
  needsFollower,
  needsNetwork,
  objectOf,
  type Reach,
  type ReadActivity,
  type Reading,
  throwIfTemporary,
} from '#activitypub/inbox/activity.ts';
import { readForwardedDelete } from '#activitypub/inbox/forwarded.ts';
import { fetchPost, isPostStale, readAnew } from '#activitypub/remote/fetch-post.ts';
import { idOf, own, timeOf, typesOf } from '#activitypub/remote/fields.ts';
import { postKindOf } from '#activitypub/remote/kinds.ts';
import { visibilityOf } from '#activitypub/remote/object-reader.ts';
import type { Ctx } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findPostByUri, isPostKnown } from '#domain/posts/post-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';
import { receiveReblog } from '#domain/posts/reblog.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';

/**
 * The actor shows a post to its followers: kept if somebody here follows it, or wrote the post. Communities (FEP-1b12) announce all that is
 * done in them: of that only what becomes of a post counts. Votes, which are most of it, cost nothing.
 */
export const readAnnounce: ReadActivity = async (ctx, activity, reach) => {
  const object = objectOf(activity.json);
  if (object === undefined || typeof object === 'string') return readReblog(ctx, activity, idOf(object), reach);
  const types = typesOf(object);
  if (types.includes('Delete')) return readAnnouncedDelete(ctx, activity, idOf(objectOf(object)), reach);
  if (types.includes('Update')) return readAnnouncedUpdate(ctx, activity, idOf(objectOf(object)), reach);
  if (types.includes('Create')) return readReblog(ctx, activity, idOf(objectOf(object)), reach);
  const isPost = types.length === 0 || postKindOf(object) !== undefined;
  return isPost ? readReblog(ctx, activity, idOf(object), reach) : undefined;
};

async function readReblog(
  ctx: Ctx,
  { actor, id, json }: Activity,
  uri: string | undefined,
  reach: Reach,
): Promise<Reading> {
  if (uri === undefined || id === undefined) return undefined;
  const isFollowed = await hasLocalFollower(ctx.db, actor.id);
  let post = await findPostByUri(ctx.db, uri);
  if (!isFollowed && !(post && (await isByLocal(ctx, post)))) return needsFollower;
  if (!post) {
    if (reach === 'local') return needsNetwork;
    const found = await fetchPost(ctx, uri);
    if (!found.ok) return throwIfTemporary(found);
    post = found.post;
  }
  const original = post;
  const isStale = await isPostStale(ctx, original);
  const publishedAt = timeOf(own(json, 'published'), ctx.now()) ?? ctx.now();
  const visibility = visibilityOf(json, actor);
  return async (tx) => {
    if (await hasTombstone(tx.db, id, actor.id)) return;
    await receiveReblog(tx, actor.id, original.id, { uri: id, visibility, publishedAt });
    const { id: postId, accountId } = original;
    if (isStale) await tx.emit({ type: 'post.stale', accountId, postId }, { key: String(postId) });
  };
}

/** Somebody else's edit: read where the post lives, if it is here; of the rest, the edited post is as good as a new one. */
async function readAnnouncedUpdate(
  ctx: Ctx,
  activity: Activity,
  uri: string | undefined,
  reach: Reach,
): Promise<Reading> {
  const post = uri === undefined ? undefined : await findPostByUri(ctx.db, uri);
  if (!post) return readReblog(ctx, activity, uri, reach);
  if (post.deletedAt !== undefined || isRestricted(post.visibility) || (await isByLocal(ctx, post))) return undefined;
  if (!(await hasLocalFollower(ctx.db, activity.actor.id))) return needsFollower;
  if (reach === 'local') return needsNetwork;
  await readAnew(ctx, post);
  return undefined;
}

async function readAnnouncedDelete(
  ctx: Ctx,
  { actor }: Activity,
  uri: string | undefined,
  reach: Reach,
): Promise<Reading> {
  if (uri === undefined || !(await isPostKnown(ctx.db, uri))) return undefined;
  if (!(await hasLocalFollower(ctx.db, actor.id))) return needsFollower;
  return reach === 'local' ? needsNetwork : readForwardedDelete(ctx, uri);
}

async function isByLocal(ctx: Ctx, post: Post): Promise<boolean> {
  const author = await findAccount(ctx.db, post.accountId);
  return author !== undefined && isLocal(author);
}
