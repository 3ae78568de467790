import { hash } from 'node:crypto';
import { findOrFetchActor } from '#activitypub/remote/fetch-actor.ts';
import { httpUrl, own, soleIdOf } from '#activitypub/remote/fields.ts';
import { insertReceived } from '#activitypub/received-store.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

export interface Accepted {
  /** Whose signature was verified. */
  accountId: number;
  activity: JsonObject;
}

/** Once resolved, it is on disk and will have its effect; `duplicate` had it before. */
export type Acceptance = 'accepted' | 'duplicate';

/**
 * Takes in an activity that is verified to be of the account's own making: once per account and activity id (or text, where it has no id),
 * so that nothing is replayed after an Undo and nobody can use up another's id.
 */
export function acceptActivity(ctx: Ctx, { accountId, activity }: Accepted): Promise<Acceptance> {
  return accept(ctx, { accountId, activity, type: 'activity.received' });
}

/** Takes in what the account passed on for somebody else. It has no effect before its origin has confirmed it. */
export function acceptForwarded(ctx: Ctx, { accountId, activity }: Accepted): Promise<Acceptance> {
  return accept(ctx, { accountId, activity, type: 'activity.forwarded' });
}

/**
 * Takes in an activity that its actor has signed within (Linked Data signature or integrity proof), whoever brought it.
 * `refused` for one without one actor, of a blocked domain, with somebody else's id, or whose actor cannot be had.
 */
export async function acceptSelfSigned(ctx: Ctx, activity: JsonObject): Promise<Acceptance | 'refused'> {
  const actorUri = soleIdOf(own(activity, 'actor'));
  if (actorUri === undefined || ctx.blockedHosts.covers(new URL(actorUri).host) || !hasOwnId(activity, actorUri))
    return 'refused';
  const actor = await findOrFetchActor(ctx, actorUri);
  if (!actor.ok || actor.account.host === '') return 'refused';
  return acceptActivity(ctx, { accountId: actor.account.id, activity });
}

/** Whether an activity's id, if it has one, is of its actor's origin. */
export function hasOwnId(activity: JsonObject, actorUri: string): boolean {
  const id = own(activity, 'id');
  if (id === undefined || id === null) return true;
  const url = httpUrl(id);
  return url !== undefined && isSameOrigin(url, actorUri);
}

async function accept(
  ctx: Ctx,
  { accountId, activity, type }: Accepted & { type: 'activity.received' | 'activity.forwarded' },
): Promise<Acceptance> {
  const json = JSON.stringify(activity);
  const id = own(activity, 'id');
  // Hashed: ids are as long as strangers like.
  const key = hash('sha256', `${type} ${typeof id === 'string' ? id : json}`, 'base64url');
  return inTransaction(ctx, async (tx) => {
    if (!(await insertReceived(tx.db, { accountId, activity: key, receivedAt: tx.now() }))) return 'duplicate';
    await tx.emit({ type, accountId, json });
    return 'accepted';
  });
}
