import { listOf, own } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { Upstream } from '#domain/errors.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** An activity that its actor is known to have sent. Whatever is inside is only what that actor says. */
export interface Activity {
  actor: Account;
  /** Of the actor's origin. Some servers send none. */
  id: string | undefined;
  json: JsonObject;
}

/** What an activity does, run in the transaction that ends its job. Every answer is ready by then: no network, no parsing. */
export type Effect = (tx: Ctx) => Promise<unknown>;

/** It names something that is not known here, and the network may not be asked in this lane. */
export const needsNetwork = Symbol('needs the network');

/** Nobody here follows the actor, so that it concerns nobody. An Accept of the same actor may be about to change that. */
export const needsFollower = Symbol('needs a follower here');

/** Undefined where it has no effect here. */
export type Reading = Effect | typeof needsNetwork | typeof needsFollower | undefined;

/** `network` may wait for other servers; `local` must not hold the others up. */
export type Reach = 'local' | 'network';

/** Reads one kind of activity: finds out, outside of any transaction, what it does. Throws only for what is worth another attempt. */
export type ReadActivity = (ctx: Ctx, activity: Activity, reach: Reach) => Promise<Reading>;

/** The only object of an activity, an id or embedded; undefined where there are several. */
export function objectOf(json: JsonObject): string | JsonObject | undefined {
  const objects = listOf(own(json, 'object'), 2);
  const [object] = objects;
  return objects.length === 1 && (typeof object === 'string' || isJsonObject(object)) ? object : undefined;
}

/**
 * The post within a Create or Update. What only the activity says counts for the post too: ActivityPub (section 6) has both say whom it is
 * for, and not everybody does. Whoever is trusted with the one is trusted with the other.
 */
export function embeddedPostOf(json: JsonObject): JsonObject | undefined {
  const object = objectOf(json);
  if (object === undefined || typeof object === 'string') return undefined;
  const isAddressed = isGiven(object, 'to') || isGiven(object, 'cc');
  if (isAddressed && isGiven(object, 'attributedTo')) return object;
  return {
    ...object,
    ...(!isAddressed && { to: own(json, 'to'), cc: own(json, 'cc') }),
    ...(!isGiven(object, 'attributedTo') && { attributedTo: own(json, 'actor') }),
  };
}

function isGiven(json: JsonObject, name: string): boolean {
  const value = own(json, name);
  return value !== undefined && value !== null;
}

/** Throws for a failure that may pass, so that the job is tried again. */
export function throwIfTemporary(failure: RemoteFailure): undefined {
  if (failure.reason === 'temporary') throw new Upstream(failure.detail);
}
