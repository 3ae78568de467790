import { objectOf } from '#activitypub/inbox/activity.ts';
import { isExpandable } from '#activitypub/linked-data.ts';
import { actorKindOf } from '#activitypub/remote/kinds.ts';
import { httpUrl, idOf, instantOf, listOf, own, typesOf } from '#activitypub/remote/fields.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';

/*
 * Activities that their actor has signed within, by a Linked Data signature or an integrity proof, brought by somebody else. Nothing in them
 * says to whom or how often they may be brought, so they are good for a short time only, and what is remembered is remembered for longer.
 */

const HOUR = 3_600_000;
/** Milliseconds after it was made in which such a signature counts. Well below the time that its activity is remembered (`prune.ts`). */
const GOOD_FOR = 12 * HOUR;
/** Clocks differ: as with signed requests. */
const AHEAD = HOUR;
/** Several may have signed; each proof costs a key. */
const PROOFS_LIMIT = 2;
/** Fedify reads a proof under this name too, and leaves it out of what was signed. No server writes it. */
const EXPANDED_PROOF = 'https://w3id.org/security#proof';

/** Whether a signature made at `time` (epoch ms) still counts. */
export function isFresh(time: number | undefined, now: number): boolean {
  return time !== undefined && time >= now - GOOD_FOR && time <= now + AHEAD;
}

export function isSignedWithin(activity: JsonObject): boolean {
  return Object.hasOwn(activity, 'signature') || Object.hasOwn(activity, 'proof');
}

/**
 * Whether it is worth verifying what is signed within: little enough to be expanded, with an id to know it again by, every signature fresh
 * and inside the document.
 */
export function isProvable(activity: JsonObject, now: number): boolean {
  if (httpUrl(own(activity, 'id')) === undefined || Object.hasOwn(activity, EXPANDED_PROOF)) return false;
  const signatures = listOf(own(activity, 'signature'), 2);
  const proofs = listOf(own(activity, 'proof'), PROOFS_LIMIT + 1);
  const isTimely = (item: unknown) => isJsonObject(item) && isFresh(instantOf(own(item, 'created')), now);
  if (signatures.length > 1 || proofs.length > PROOFS_LIMIT) return false;
  return [...signatures, ...proofs].every(isTimely) && isExpandable(activity);
}

/**
 * What is believed of such an activity: of what a later one may have taken back meanwhile only what it is about. An Accept or Reject names
 * the Follow as it is now; a new profile is read where it lives.
 */
export function withoutOutdated(activity: JsonObject): JsonObject {
  const object = objectOf(activity);
  if (object === undefined || typeof object === 'string') return activity;
  const types = typesOf(activity);
  if (types.includes('Accept') || types.includes('Reject')) return { ...activity, object: idOf(object) };
  const isProfile = types.includes('Update') && actorKindOf(object) !== undefined;
  return isProfile ? { ...activity, object: { id: idOf(object), type: own(object, 'type') } } : activity;
}
