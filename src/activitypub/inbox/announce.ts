import { needsNetwork, objectOf, type ReadActivity, throwIfTemporary } from '#activitypub/inbox/activity.ts';
import { fetchPost } from '#activitypub/remote/fetch-post.ts';
import { idOf, own, timeOf, typesOf } from '#activitypub/remote/fields.ts';
import { visibilityOf } from '#activitypub/remote/object-reader.ts';
import type { Ctx } from '#context.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';
import type { JsonObject } from '#lib/json.ts';

/** The actor shows a post to its followers: kept if somebody here follows it, or wrote the post. */
export const readAnnounce: ReadActivity = async (ctx, { actor, id, json }, reach) => {
  const uri = announcedUri(objectOf(json));
  if (uri === undefined || id === undefined) return undefined;
  const isFollowed = await hasLocalFollower(ctx.db, actor.id);
  let post = await findPostByUri(ctx.db, uri);
  if (!isFollowed && !(post && (await isByLocal(ctx, post)))) return undefined;
  if (!post) {
    if (reach === 'local') return needsNetwork;
    const found = await fetchPost(ctx, uri);
    if (!found.ok) return throwIfTemporary(found);
    post = found.post;
  }
  const original = post;
  const publishedAt = timeOf(own(json, 'published'), ctx.now()) ?? ctx.now();
  const visibility = visibilityOf(json, actor);
  return async (tx) => {
    if (await hasTombstone(tx.db, id, actor.id)) return;
    await reblog(tx, actor.id, original.id, { visibility, remote: { uri: id, publishedAt } });
  };
};

/** The post announced. Communities (FEP-1b12) announce the Create or Update that brought it to them. */
function announcedUri(object: string | JsonObject | undefined): string | undefined {
  if (object === undefined || typeof object === 'string') return idOf(object);
  const [type] = typesOf(object);
  if (type === 'Create' || type === 'Update') return idOf(objectOf(object));
  return idOf(object);
}

async function isByLocal(ctx: Ctx, post: Post): Promise<boolean> {
  return (await findAccount(ctx.db, post.accountId))?.host === '';
}
