import { objectOf, type ReadActivity } from '#activitypub/inbox/activity.ts';
import { idOf } from '#activitypub/remote/fields.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { receiveDeletion } from '#domain/posts/receive-deletion.ts';
import { isSameOrigin } from '#lib/host.ts';

/** An actor deletes a post of its own (an id, a Tombstone, or the post), or itself. */
export const readDelete: ReadActivity = async (_ctx, { actor, json }) => {
  const uri = idOf(objectOf(json));
  if (uri === undefined || !isSameOrigin(uri, actor.uri)) return undefined;
  if (uri === actor.uri) return (tx) => deleteAccount(tx, actor.id);
  return (tx) => receiveDeletion(tx, actor.id, uri);
};
