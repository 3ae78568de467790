import { objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { idOf } from '#activitypub/remote/fields.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';
import { block } from '#domain/relationships/block.ts';

/** The actor blocks somebody here. */
export const readBlock: ReadActivity = async (ctx, { actor, id, json }) => {
  const uri = idOf(objectOf(json));
  const target = uri === undefined ? undefined : await findAccountByUri(ctx.db, uri);
  if (!target || !isLocal(target)) return undefined;
  return async (tx) => {
    if (id !== undefined && (await hasTombstone(tx.db, id, actor.id))) return;
    await block(tx, actor.id, target.id, id);
  };
};
