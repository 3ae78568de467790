import { objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { idOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { unfavourite } from '#domain/posts/favourite.ts';
import { findFavouriteByUri } from '#domain/posts/favourite-store.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { unreblog } from '#domain/posts/reblog.ts';
import { insertTombstone } from '#domain/posts/tombstone-store.ts';
import { unblock } from '#domain/relationships/block.ts';
import { findBlockByUri } from '#domain/relationships/block-store.ts';
import { unfollow } from '#domain/relationships/follow.ts';
import { findFollowByUri } from '#domain/relationships/follow-store.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

/** The actor takes back what it did: found among our rows by its id, whatever the Undo says it was. */
export const readUndo: ReadActivity = async (_ctx, { actor, json }) => {
  const object = objectOf(json);
  const uri = idOf(object);
  if (uri === undefined) return typeof object === 'object' ? (tx) => undoUnnamed(tx, actor.id, object) : undefined;
  if (!isSameOrigin(uri, actor.uri)) return undefined;
  return async (tx) => {
    if (await undo(tx, actor.id, uri)) return;
    // Not here yet, or never: should it come late, it has been taken back.
    await insertTombstone(tx.db, { uri, accountId: actor.id, deletedAt: tx.now() });
  };
};

/** Returns whether there was such a thing of this account. */
async function undo(tx: Ctx, accountId: number, uri: string): Promise<boolean> {
  const follow = await findFollowByUri(tx.db, uri);
  if (follow?.followerId === accountId) return unfollow(tx, accountId, follow.targetId).then(() => true);
  const favourite = await findFavouriteByUri(tx.db, uri);
  if (favourite?.accountId === accountId) return unfavourite(tx, accountId, favourite.postId).then(() => true);
  const post = await findPostByUri(tx.db, uri);
  if (post?.accountId === accountId && post.reblogOfId !== undefined)
    return deletePost(tx, accountId, post.id).then(() => true);
  const block = await findBlockByUri(tx.db, uri);
  if (block?.accountId === accountId) return unblock(tx, accountId, block.targetId).then(() => true);
  return false;
}

/** Of an activity that never had an id, what it was about says which of the actor's own doings it was. */
async function undoUnnamed(tx: Ctx, accountId: number, object: JsonObject): Promise<void> {
  const uri = soleIdOf(own(object, 'object'));
  if (uri === undefined) return;
  const [type] = typesOf(object);
  if (type === 'Follow' || type === 'Block') {
    const target = await findAccountByUri(tx.db, uri);
    if (target) await (type === 'Follow' ? unfollow : unblock)(tx, accountId, target.id);
  } else if (type === 'Like' || type === 'Announce') {
    const post = await findPostByUri(tx.db, uri);
    if (post) await (type === 'Like' ? unfavourite : unreblog)(tx, accountId, post.id);
  }
}
