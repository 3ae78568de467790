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
  if (uri === undefined) return described && ((tx) => endDescribed(tx, actor.id, described));
  if (!isSameOrigin(uri, actor.uri)) return undefined;
  return async (tx) => {
    const end = await findByUri(tx, actor.id, uri);
    if (end) return end();
    const hasCome = await wasReceived(tx, actor.id, uri);
    if (!hasCome && described && (await endDescribed(tx, actor.id, described))) return;
    // A Follow that came is over, and the same id may be that of the next one.
    if (hasCome && described && typesOf(described).includes('Follow')) return;
    // Not here yet, or never: should it come late, it has been taken back.
    await insertTombstone(tx.db, { uri, accountId: actor.id, deletedAt: tx.now() });
  };
};

function isBy(activity: JsonObject, actorUri: string): boolean {
  const actor = own(activity, 'actor');
  return actor === undefined || soleIdOf(actor) === actorUri;
}

/** Ends what the account did. */
type End = () => Promise<void>;

/** What this account did under that id. */
async function findByUri(tx: Ctx, accountId: number, uri: string): Promise<End | undefined> {
  const follow = await findFollowByUri(tx.db, uri);
  if (follow?.followerId === accountId) return () => unfollow(tx, accountId, follow.targetId);
  const favourite = await findFavouriteByUri(tx.db, uri);
  if (favourite?.accountId === accountId) return () => unfavourite(tx, accountId, favourite.postId);
  const post = await findPostByUri(tx.db, uri);
  if (post?.accountId === accountId && isReblog(post)) return () => deletePost(tx, accountId, post.id);
  const block = await findBlockByUri(tx.db, uri);
  if (block?.accountId === accountId) return () => unblock(tx, accountId, block.targetId);
  return undefined;
}

const UNDONE = new Set(['Follow', 'Block', 'Like', 'EmojiReact', 'Announce']);

/** Ends what an activity describes by its type and what it was about. Returns whether this account did such a thing. */
async function endDescribed(tx: Ctx, accountId: number, activity: JsonObject): Promise<boolean> {
  const uri = soleIdOf(own(activity, 'object'));
  const type = typesOf(activity).find((name) => UNDONE.has(name)) ?? '';
  if (uri === undefined) return false;
  if (type === 'Follow' || type === 'Block') {
    const target = await findAccountByUri(tx.db, uri);
    const [find, end] = type === 'Follow' ? [findFollow, unfollow] : [findBlock, unblock];
    if (!target || !(await find(tx.db, accountId, target.id))) return false;
    await end(tx, accountId, target.id);
    return true;
  }
  const isReaction = type === 'Like' || type === 'EmojiReact';
  const post = isReaction || type === 'Announce' ? await findPostByUri(tx.db, uri) : undefined;
  const [find, end] = isReaction ? [findFavourite, unfavourite] : [findReblog, unreblog];
  if (!post || !(await find(tx.db, accountId, post.id))) return false;
  await end(tx, accountId, post.id);
  return true;
}
