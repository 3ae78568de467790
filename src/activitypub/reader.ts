import {
  type Activity,
  needsFollower,
  needsNetwork,
  type Reach,
  type ReadActivity,
  type Reading,
} from '#activitypub/inbox/activity.ts';
import { readAccept } from '#activitypub/inbox/accept.ts';
import { readAdd } from '#activitypub/inbox/add.ts';
import { readAnnounce } from '#activitypub/inbox/announce.ts';
import { readBlock } from '#activitypub/inbox/block.ts';
import { readCreate } from '#activitypub/inbox/create.ts';
import { readDelete } from '#activitypub/inbox/delete.ts';
import { readFollow } from '#activitypub/inbox/follow.ts';
import { readForwarded } from '#activitypub/inbox/forwarded.ts';
import { readLike } from '#activitypub/inbox/like.ts';
import { readReject } from '#activitypub/inbox/reject.ts';
import { readRemove } from '#activitypub/inbox/remove.ts';
import { readUndo } from '#activitypub/inbox/undo.ts';
import { readUpdate } from '#activitypub/inbox/update.ts';
import { isStale, mayBeBack, refreshAccount, reviveAccount } from '#activitypub/remote/fetch-actor.ts';
import { refreshPost } from '#activitypub/remote/fetch-post.ts';
import { httpUrl, own, typesOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccount, lockAccount } from '#domain/accounts/account-store.ts';
import { DomainError, Upstream } from '#domain/errors.ts';
import type { EventOf } from '#domain/events.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';
import { siteOf } from '#lib/site.ts';

/** What is understood. Flag, Move and everything else is accepted and has no effect. */
const readers = new Map<string, ReadActivity>([
  ['Create', readCreate],
  ['Update', readUpdate],
  ['Delete', readDelete],
  ['Follow', readFollow],
  ['Accept', readAccept],
  ['Reject', readReject],
  ['Undo', readUndo],
  ['Like', readLike],
  ['EmojiReact', readLike],
  ['Announce', readAnnounce],
  ['Block', readBlock],
  ['Add', readAdd],
  ['Remove', readRemove],
]);

type Received = EventOf<'activity.received' | 'activity.deferred' | 'activity.forwarded'>;

interface Plan {
  effect: Exclude<Reading, undefined>;
  /** The actor's profile is due to be read again. */
  isActorStale: boolean;
}

/** Reads activities that name nothing unknown; the others go on to the network lane. */
export const readActivity = {
  inOrderOf: (event: Received) => event.accountId,
  prepare: (ctx: Ctx, event: Received) => plan(ctx, event, 'local'),
  apply,
};

/** Reads activities that name something unknown, which is fetched first. */
export const readActivityRemotely = {
  lane: 'network' as const,
  crowdOf: siteOfAccount,
  prepare: (ctx: Ctx, event: Received) => plan(ctx, event, 'network'),
  apply,
};

/** Asks the origin of activities that others passed on. */
export const readForwardedActivity = {
  lane: 'network' as const,
  crowdOf: siteOfAccount,
  prepare: async (ctx: Ctx, event: Received): Promise<Plan | undefined> => {
    const effect = await withoutPolicy(ctx, event, () => readForwarded(ctx, parse(event.json)));
    return effect && { effect, isActorStale: false };
  },
  apply,
};

export const refreshStaleAccount = {
  lane: 'network' as const,
  crowdOf: siteOfAccount,
  prepare: (ctx: Ctx, { accountId }: EventOf<'account.stale'>) => refreshAccount(ctx, accountId),
};

export const refreshStalePost = {
  lane: 'network' as const,
  crowdOf: siteOfAccount,
  prepare: (ctx: Ctx, { postId }: EventOf<'post.stale'>) => refreshPost(ctx, postId),
};

/** What an account's site has us fetch must not keep what others wait for: it decides what it names, and how long the answers take. */
export async function siteOfAccount(ctx: Ctx, { accountId }: { accountId: number }): Promise<string | undefined> {
  const account = await findAccount(ctx.db, accountId);
  return account && siteOf(new URL(account.uri).host);
}

async function plan(ctx: Ctx, event: Received, reach: Reach): Promise<Plan | undefined> {
  const json = parse(event.json);
  const read = typesOf(json)
    .map((type) => readers.get(type))
    .find((reader) => reader !== undefined);
  let actor = await findAccount(ctx.db, event.accountId);
  if (!read || !actor || isLocal(actor)) return undefined;
  if (actor.deletedAt !== undefined) {
    // Somebody who is gone still says so, and is back only with something else.
    if (read === readDelete || !mayBeBack(ctx, actor)) return undefined;
    if (reach === 'local') return { effect: needsNetwork, isActorStale: false };
    actor = await reviveAccount(ctx, actor);
    if (!actor) return undefined;
  }
  // Blocked since it was accepted.
  if (ctx.blockedHosts.covers(new URL(actor.uri).host)) return undefined;
  const activity: Activity = { actor, id: httpUrl(own(json, 'id')), json };
  const effect = await withoutPolicy(ctx, event, () => read(ctx, activity, reach));
  return effect && { effect, isActorStale: isStale(ctx, actor) };
}

async function apply(tx: Ctx, event: Received, prepared: Plan | undefined): Promise<void> {
  if (!prepared) return;
  const { effect, isActorStale } = prepared;
  const { accountId, json } = event;
  if (effect === needsNetwork) return tx.emit({ type: 'activity.deferred', accountId, json });
  // One activity of an actor after the other: a Delete must see the post that a Create is about to write, or be seen by it.
  await lockAccount(tx.db, accountId);
  if (effect === needsFollower) {
    // Read before the Accept that came just before it had its effect.
    if (await hasLocalFollower(tx.db, accountId)) await tx.emit({ type: 'activity.deferred', accountId, json });
    return;
  }
  await withoutPolicy(tx, event, () => effect(tx));
  if (isActorStale) await tx.emit({ type: 'account.stale', accountId }, { key: String(accountId) });
}

/** What we refuse is an outcome and ends there; what fails, here or on the network, is thrown and tried again. */
async function withoutPolicy<T>(ctx: Ctx, event: Received, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DomainError) || error instanceof Upstream) throw error;
    ctx.log.debug('An activity of {accountId} was refused: {reason}', {
      accountId: event.accountId,
      reason: error.message,
    });
    return undefined;
  }
}

function parse(json: string): JsonObject {
  const value: unknown = JSON.parse(json);
  return isJsonObject(value) ? value : {};
}
