import { createAcquaintance } from '#activitypub/acquaintance.ts';
import { createInboxLimits } from '#activitypub/inbox-limits.ts';
import { acceptActivity, acceptForwarded, acceptSelfSigned, hasOwnId } from '#activitypub/inbox/accept-activity.ts';
import { objectOf } from '#activitypub/inbox/activity.ts';
import { judgeForwarded } from '#activitypub/inbox/forwarded.ts';
import { isProvable, isSignedWithin } from '#activitypub/inbox/signed-within.ts';
import { createKeyRing, type KeyRing, type NoSigner, type Signer } from '#activitypub/key-ring.ts';
import { idOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import { readSignedHead } from '#activitypub/signed-request.ts';
import type { SignedRequest } from '#activitypub/signature.ts';
import type { Ctx } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccount, findAccountByUri } from '#domain/accounts/account-store.ts';
import { readBody } from '#http/body.ts';
import { placeOf } from '#http/rate-limit.ts';
import type { RequestContext, Middleware } from '#http/state.ts';
import { parseId } from '#lib/id.ts';
import { isSameOrigin } from '#lib/host.ts';
import { isJsonObject, type JsonObject, parseJsonGuarded } from '#lib/json.ts';
import { isActivityJsonType } from '#lib/media-type.ts';

export interface FrontDoorOptions {
  /** Resolves with an activity that its actor has signed within, as it is to be read; undefined where that is not so. */
  verifySelfSigned?: (activity: JsonObject) => Promise<JsonObject | undefined>;
}

/** What to say, and no more than that. */
interface Answer {
  status: number;
  reason?: string;
}

/** A request whose bringer has proved who they are. */
interface Proven {
  signed: SignedRequest;
  signer: Signer;
  place: string;
}

const BODY_LIMIT = 1024 * 1024;
/** Real activities have some hundred members, and each is parsed and written several times over. */
const ACTIVITY_LIMIT = { maxMembers: 20_000 };
/** Of what is read although nobody has signed it. */
const FAREWELL_LIMIT = 16 * 1024;
const INBOX = /^\/(?:inbox|users\/(\d{1,16})\/inbox)$/;

/** One phrase for whatever is wrong with who signed: which keys, hosts and actors we know or block is nobody's business. */
const UNVERIFIED: Answer = { status: 401, reason: 'the signature could not be verified' };
const ACCEPTED: Answer = { status: 202 };
const TOO_MANY: Answer = { status: 429, reason: 'too many requests' };

/**
 * The inbox: whoever posts an activity proves who they are before it has any effect, and hears 202 once it is on disk. In this order: type,
 * the signature's form and coverage, blocked domains, limits; only then the body, its size and digests, the key, the signature, the JSON,
 * the actor, the id.
 */
export function createFrontDoor(ctx: Ctx, { verifySelfSigned }: FrontDoorOptions = {}): Middleware {
  const keys = createKeyRing(ctx);
  const limits = createInboxLimits(ctx);
  const acquaintance = createAcquaintance(ctx);

  async function receive(http: RequestContext): Promise<Answer> {
    const signed = readSignedHead(ctx, http.req);
    if (!signed.ok) return signed;
    const { keyHost } = signed;
    if (keyHost === ctx.config.host || ctx.blockedHosts.covers(keyHost)) return UNVERIFIED;
    const place = placeOf(http.state.clientAddress);
    if (!limits.mayPost(place, keyHost)) return TOO_MANY;

    const body = await readBody(http, BODY_LIMIT);
    if (!limits.mayBring(place, keyHost, body.length)) return TOO_MANY;
    const mismatch = signed.refuseBody(body);
    if (mismatch) return mismatch;
    const signer = await verify(keys, signed, () => limits.mayFetch(place, keyHost));
    if (signer === undefined) return UNVERIFIED;
    if (!signer.ok) return answerUnknown(signer, signed, body);
    const isKnown = await acquaintance.includes(keyHost, signer.accountId);
    if (!isKnown && !limits.mayIntrude(place, keyHost, body.length)) return TOO_MANY;

    const parsed = parseJsonGuarded(body, ACTIVITY_LIMIT);
    if (!parsed.ok || !isJsonObject(parsed.value)) return { status: 400, reason: 'not an activity' };
    const activity = parsed.value;
    const actorUri = soleIdOf(own(activity, 'actor'));
    if (actorUri === undefined) return { status: 400, reason: 'an activity has one actor' };
    if (!hasOwnId(activity, actorUri)) return { status: 401, reason: 'the id is not of the actor’s origin' };
    const refusal = await refuseInbox(ctx, http.path);
    if (refusal) return refusal;

    const proven = { signed, signer, place };
    if (actorUri !== signer.actorUri) return receivePassedOn(proven, { activity, actorUri, isKnown });
    if (await isStrangersFarewell(ctx, signer, activity)) return ACCEPTED;
    return keepAnd(acceptActivity, proven, activity);
  }

  /** Signed by somebody else: the actor's own signature within, or its server, must vouch for it. */
  async function receivePassedOn(
    proven: Proven,
    { activity, actorUri, isKnown }: { activity: JsonObject; actorUri: string; isKnown: boolean },
  ): Promise<Answer> {
    if (ctx.blockedHosts.covers(new URL(actorUri).host) || isSameOrigin(actorUri, ctx.config.origin)) return UNVERIFIED;
    if (verifySelfSigned && isSignedWithin(activity) && isProvable(activity, ctx.now())) {
      if (!limits.mayProve(proven.place)) return TOO_MANY;
      const verified = await verifySelfSigned(activity);
      if (verified && (await acceptSelfSigned(ctx, verified)) !== 'refused') return ACCEPTED;
    }
    const verdict = await judgeForwarded(ctx, activity, { signer: proven.signer, isKnown });
    if (verdict === 'refuse') return UNVERIFIED;
    if (verdict === 'ignore') return ACCEPTED;
    return limits.mayForward(proven.signed.keyHost) ? keepAnd(acceptForwarded, proven, activity) : TOO_MANY;
  }

  /** Only now whoever signed becomes known here: nothing is kept of those who are refused. */
  async function keepAnd(
    accept: typeof acceptActivity,
    { signed, signer }: Proven,
    activity: JsonObject,
  ): Promise<Answer> {
    const accountId = await keys.keep(signed.keyId, signer);
    if (accountId === undefined) return UNVERIFIED;
    await accept(ctx, { accountId, activity, signedAt: signed.signedAt });
    return ACCEPTED;
  }

  return async (http, next) => {
    if (http.method !== 'POST' || !INBOX.test(http.path)) return next();
    const isReadable = isActivityJsonType(http.req.headers['content-type']);
    const answer = isReadable ? await receive(http) : { status: 415 };
    // Of a body that was not asked for nothing is kept.
    http.req.resume();
    http.status = answer.status;
    if (answer.reason === undefined) http.body = '';
    else http.body = { error: answer.reason };
    if (answer.status === 429 || answer.status === 503) http.set('retry-after', '60');
    if (answer.status >= 400) ctx.log.debug('Inbox: {status} {reason}', { ...answer });
  };
}

/** Whoever made the signature; undefined where it is not by the key that it names, nor by the one that has replaced it. */
async function verify(
  keys: KeyRing,
  signed: SignedRequest,
  mayFetch: () => boolean,
): Promise<Signer | NoSigner | undefined> {
  const signer = await keys.find(signed.keyId, mayFetch);
  if (!signer.ok || signed.verify(signer.key)) return signer;
  // Just read from its server: it cannot be out of date.
  if (signer.document) return undefined;
  const renewed = await keys.refetch(signed.keyId, mayFetch);
  return renewed?.ok && signed.verify(renewed.key) ? renewed : undefined;
}

/**
 * The key cannot be had. Actors that are deleted sign their farewell with a key that is gone: there is nothing to do for one we never met,
 * and nothing to be sent again (they come in storms).
 */
function answerUnknown({ reason }: NoSigner, signed: SignedRequest, body: Buffer): Answer {
  if (reason === 'temporary') return { status: 503, reason: 'the key could not be fetched' };
  if (reason !== 'gone' || body.length > FAREWELL_LIMIT) return UNVERIFIED;
  const parsed = parseJsonGuarded(body);
  if (!parsed.ok || !isJsonObject(parsed.value)) return UNVERIFIED;
  const actor = soleIdOf(own(parsed.value, 'actor'));
  const isOwn = actor !== undefined && isSameOrigin(actor, signed.keyId) && isFarewell(parsed.value, actor);
  return isOwn ? ACCEPTED : UNVERIFIED;
}

/**
 * Somebody whom we never met, or have forgotten already, deletes themselves: there is nothing to do, and no reason to get to know them. (What
 * else they delete may still be on its way to us.)
 */
async function isStrangersFarewell(ctx: Ctx, signer: Signer, activity: JsonObject): Promise<boolean> {
  if (signer.document === undefined || !isFarewell(activity, signer.actorUri)) return false;
  const known = await findAccountByUri(ctx.db, signer.actorUri);
  return known === undefined || known.deletedAt !== undefined;
}

function isFarewell(activity: JsonObject, actorUri: string): boolean {
  return typesOf(activity).includes('Delete') && idOf(objectOf(activity)) === actorUri;
}

/** The inbox of one account must be there: 404 where there never was one, 410 where it was deleted. */
async function refuseInbox(ctx: Ctx, path: string): Promise<Answer | undefined> {
  const id = INBOX.exec(path)?.[1];
  if (id === undefined) return undefined;
  const account = await findAccount(ctx.db, parseId(id) ?? 0);
  if (!account || !isLocal(account)) return { status: 404, reason: 'no such inbox' };
  return account.deletedAt === undefined ? undefined : { status: 410, reason: 'no such inbox' };
}
