import { hash } from 'node:crypto';
import { objectOf } from '#activitypub/inbox/activity.ts';
import { withoutOutdated } from '#activitypub/inbox/signed-within.ts';
import { findOrFetchActor } from '#activitypub/remote/fetch-actor.ts';
import { httpUrl, idOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import { hasReceived, insertReceived } from '#activitypub/received-store.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import type { EmitOptions } from '#domain/events.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

export interface Accepted {
  /** Whose signature was verified. */
  accountId: number;
  activity: JsonObject;
  /** When the request was signed, as its signature says (epoch ms). */
  signedAt: number;
}

/** Once resolved, it is on disk and will have its effect; `duplicate` had it before. */
export type Acceptance = 'accepted' | 'duplicate';

/** Of these the text says all there is to say. */
const POST_ACTIVITIES = new Set(['Create', 'Update', 'Delete']);

/**
 * Takes in an activity that the account itself has brought: once per account, activity id and text, so that nobody can use up another's id.
 * An id alone does not do: WriteFreely gives that of a post to its Create and every Update; Misskey gives one to every Follow of a pair, so
 * that what may be undone counts anew when it is signed anew. (The same request counts once, so that nothing is replayed after an Undo.)
 */
export function acceptActivity(ctx: Ctx, { accountId, activity, signedAt }: Accepted): Promise<Acceptance> {
  const json = JSON.stringify(activity);
  const isOfPost = typesOf(activity).some((type) => POST_ACTIVITIES.has(type));
  const request = hash('sha256', isOfPost ? json : `${signedAt} ${json}`, 'base64url');
  return accept(ctx, { accountId, activity, json, request, type: 'activity.received' });
}

/**
 * Takes in what the account passed on for somebody else. Nothing of it counts but what it is about, which is asked of its origin: once,
 * however many pass it on at the same time.
 */
export function acceptForwarded(
  ctx: Ctx,
  { accountId, activity }: Pick<Accepted, 'accountId' | 'activity'>,
): Promise<Acceptance> {
  const object = idOf(objectOf(activity)) ?? '';
  const { id, type } = activity;
  const forwarded = { accountId, activity: { id, type, object }, request: '', type: 'activity.forwarded' } as const;
  return accept(ctx, forwarded, { key: hash('sha256', object, 'base64url') });
}

/**
 * Takes in an activity that its actor has signed within (Linked Data signature or integrity proof), whoever brought it.
 * `refused` for one without one actor, of a blocked domain, without an id of its actor's origin, or whose actor cannot be had.
 */
export async function acceptSelfSigned(ctx: Ctx, activity: JsonObject): Promise<Acceptance | 'refused'> {
  const actorUri = soleIdOf(own(activity, 'actor'));
  if (actorUri === undefined || ctx.blockedHosts.covers(new URL(actorUri).host)) return 'refused';
  // Whoever brings it chooses how its text looks: without an id it could not be known again.
  if (idOf(activity) === undefined || !hasOwnId(activity, actorUri)) return 'refused';
  const actor = await findOrFetchActor(ctx, actorUri);
  if (!actor.ok || isLocal(actor.account)) return 'refused';
  const { id: accountId } = actor.account;
  // Anybody can bring it again at any time: its id counts once, whoever brought it first.
  return accept(ctx, { accountId, activity: withoutOutdated(activity), request: '', type: 'activity.received' });
}

/** Whether an activity's id, if it has one, is of its actor's origin. */
export function hasOwnId(activity: JsonObject, actorUri: string): boolean {
  const id = own(activity, 'id');
  if (id === undefined || id === null) return true;
  const url = httpUrl(id);
  return url !== undefined && isSameOrigin(url, actorUri);
}

/** Whether the account has brought an activity with this id, or somebody for it, as far back as that is remembered (`prune.ts`). */
export function wasReceived(ctx: Ctx, accountId: number, uri: string): Promise<boolean> {
  return hasReceived(ctx.db, accountId, keyOf('activity.received', uri));
}

/** Hashed, as ids are as long as strangers like, and in one spelling. */
function keyOf(type: Acceptable['type'], name: string): string {
  return hash('sha256', `${type} ${URL.parse(name)?.href ?? name}`, 'base64url');
}

interface Acceptable extends Pick<Accepted, 'accountId' | 'activity'> {
  /** `activity` as text, where that is made already. */
  json?: string;
  /** As in `Received`. */
  request: string;
  type: 'activity.received' | 'activity.forwarded';
}

async function accept(
  ctx: Ctx,
  { accountId, activity, json = JSON.stringify(activity), request, type }: Acceptable,
  options: EmitOptions = {},
): Promise<Acceptance> {
  const id = own(activity, 'id');
  const received = { accountId, activity: keyOf(type, typeof id === 'string' ? id : json), request };
  return inTransaction(ctx, async (tx) => {
    if (!(await insertReceived(tx.db, { ...received, receivedAt: tx.now() }))) return 'duplicate';
    await tx.emit({ type, accountId, json }, options);
    return 'accepted';
  });
}
