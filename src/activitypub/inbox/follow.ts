import { objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { idOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { NotAllowed } from '#domain/errors.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';
import { follow } from '#domain/relationships/follow.ts';
import { findFollowByUri } from '#domain/relationships/follow-store.ts';

/**
 * Milliseconds after its Undo in which a Follow is one that was overtaken: servers sign anew what they send again. Later it is a new one, of
 * a server that gives one id to all Follows of a pair, such as Misskey.
 */
const OVERTAKEN_FOR = 24 * 3_600_000;

/** Somebody wants to follow somebody here. */
export const readFollow: ReadActivity = async (ctx, { actor, id, json }) => {
  const uri = idOf(objectOf(json));
  const target = uri === undefined ? undefined : await findAccountByUri(ctx.db, uri);
  if (!target || !isLocal(target) || target.deletedAt !== undefined) return undefined;
  return async (tx) => {
    // Its Undo has come first.
    if (id !== undefined && (await hasTombstone(tx.db, id, actor.id, tx.now() - OVERTAKEN_FOR))) return;
    const followUri = await freeUri(tx, id, { followerId: actor.id, targetId: target.id });
    try {
      await follow(tx, actor.id, target.id, followUri);
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      // Told, as it would wait for ever otherwise.
      await tx.emit({ type: 'follow.rejected', accountId: target.id, followerId: actor.id, uri: id ?? '' });
    }
  };
};

/** The Follow's id, unless it names another follow already: some servers give one id to all. */
async function freeUri(
  tx: Ctx,
  id: string | undefined,
  pair: { followerId: number; targetId: number },
): Promise<string | undefined> {
  const other = id === undefined ? undefined : await findFollowByUri(tx.db, id);
  return other && (other.followerId !== pair.followerId || other.targetId !== pair.targetId) ? undefined : id;
}
