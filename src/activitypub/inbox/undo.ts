import { wasReceived } from '#activitypub/inbox/accept-activity.ts';
import { objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { idOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { unfavourite } from '#domain/posts/favourite.ts';
import { findFavourite, findFavouriteByUri } from '#domain/posts/favourite-store.ts';
import { findPostByUri, findReblog } from '#domain/posts/post-store.ts';
import { isReblog } from '#domain/posts/post.ts';
import { unreblog } from '#domain/posts/reblog.ts';
import { insertTombstone } from '#domain/posts/tombstone-store.ts';
import { unblock } from '#domain/relationships/block.ts';
import { findBlock, findBlockByUri } from '#domain/blocks/block-store.ts';
import { unfollow } from '#domain/relationships/follow.ts';
import { findFollow, findFollowByUri } from '#domain/relationships/follow-store.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

/**
 * The actor takes back what it did: found among our rows by its id, whatever the Undo says it was. Where nothing ever came under that id, by
 * what it says: Lemmy makes up a new id each time, Pixelfed names another one than that of the Follow.
 */
export const readUndo: ReadActivity = async (_ctx, { actor, json }) => {
  const object = objectOf(json);
  const uri = idOf(object);
  const described = typeof object === 'object' && isBy(object, actor.uri) ? object : undefined;
  if (uri === undefined) return described && ((tx) => undoDescribed(tx, actor.id, described));
  if (!isSameOrigin(uri, actor.uri)) return undefined;
  return async (tx) => {
    if (await undo(tx, actor.id, uri)) return;
    const hasCome = await wasReceived(tx, actor.id, uri);
    if (!hasCome && described && (await undoDescribed(tx, actor.id, described))) return;
    // A Follow that came is over, and the same id may be that of the next one.
    if (hasCome && described && typesOf(described)[0] === 'Follow') return;
    // Not here yet, or never: should it come late, it has been taken back.
    await insertTombstone(tx.db, { uri, accountId: actor.id, deletedAt: tx.now() });
  };
};

function isBy(activity: JsonObject, actorUri: string): boolean {
  const actor = own(activity, 'actor');
  return actor === undefined || soleIdOf(actor) === actorUri;
}

/** Returns whether there was such a thing of this account. */
async function undo(tx: Ctx, accountId: number, uri: string): Promise<boolean> {
  const follow = await findFollowByUri(tx.db, uri);
  if (follow?.followerId === accountId) return unfollow(tx, accountId, follow.targetId).then(() => true);
  const favourite = await findFavouriteByUri(tx.db, uri);
  if (favourite?.accountId === accountId) return unfavourite(tx, accountId, favourite.postId).then(() => true);
  const post = await findPostByUri(tx.db, uri);
  if (post?.accountId === accountId && isReblog(post)) return deletePost(tx, accountId, post.id).then(() => true);
  const block = await findBlockByUri(tx.db, uri);
  if (block?.accountId === accountId) return unblock(tx, accountId, block.targetId).then(() => true);
  return false;
}

/** What it was about says which of the actor's own doings it was. Returns whether there was such a thing. */
async function undoDescribed(tx: Ctx, accountId: number, activity: JsonObject): Promise<boolean> {
  const uri = soleIdOf(own(activity, 'object'));
  const [type = ''] = typesOf(activity);
  if (uri === undefined) return false;
  if (type === 'Follow' || type === 'Block') {
    const target = await findAccountByUri(tx.db, uri);
    return target !== undefined && (type === 'Follow' ? endFollow : endBlock)(tx, accountId, target.id);
  }
  const isReaction = type === 'Like' || type === 'EmojiReact';
  const post = isReaction || type === 'Announce' ? await findPostByUri(tx.db, uri) : undefined;
  return post !== undefined && (isReaction ? endFavourite : endReblog)(tx, accountId, post.id);
}

async function endFollow(tx: Ctx, accountId: number, targetId: number): Promise<boolean> {
  if (!(await findFollow(tx.db, accountId, targetId))) return false;
  return unfollow(tx, accountId, targetId).then(() => true);
}

async function endBlock(tx: Ctx, accountId: number, targetId: number): Promise<boolean> {
  if (!(await findBlock(tx.db, accountId, targetId))) return false;
  return unblock(tx, accountId, targetId).then(() => true);
}

async function endFavourite(tx: Ctx, accountId: number, postId: number): Promise<boolean> {
  if (!(await findFavourite(tx.db, accountId, postId))) return false;
  return unfavourite(tx, accountId, postId).then(() => true);
}

async function endReblog(tx: Ctx, accountId: number, postId: number): Promise<boolean> {
  if (!(await findReblog(tx.db, accountId, postId))) return false;
  return unreblog(tx, accountId, postId).then(() => true);
}
