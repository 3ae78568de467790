import type { IncomingMessage } from 'node:http';
import { acceptActivity, acceptForwarded, hasOwnId } from '#activitypub/inbox/accept-activity.ts';
import { judgeForwarded } from '#activitypub/inbox/forwarded.ts';
import { createKeyRing, type KeyRing, type NoSigner, type Signer } from '#activitypub/key-ring.ts';
import { idOf, own, soleIdOf, typesOf } from '#activitypub/remote/fields.ts';
import { parseSignedRequest, type SignedRequest } from '#activitypub/signature.ts';
import type { Ctx } from '#context.ts';
import { findAccount, findAccountByUri } from '#domain/accounts/account-store.ts';
import { readBody } from '#http/body.ts';
import type { Middleware } from '#http/state.ts';
import { parseId } from '#lib/id.ts';
import { isSameOrigin } from '#lib/host.ts';
import { isJsonObject, type JsonObject, parseJsonGuarded } from '#lib/json.ts';
import { isActivityJsonType } from '#lib/media-type.ts';
import { createTokenBuckets } from '#lib/token-bucket.ts';

/** An inbox request that passed every check but one: it is signed by whoever brought it, and its actor claims to have signed within. */
export interface UnusualRequest {
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface FrontDoorOptions {
  /**
   * Verifies the Linked Data signature or integrity proof and, if it is the actor's, accepts the activity (`acceptSelfSigned`). Resolves
   * with the status to answer.
   */
  receiveUnusual?: (request: UnusualRequest) => Promise<number>;
}

type Http = Parameters<Middleware>[0];

/** What to say, and no more than that. */
interface Answer {
  status: number;
  reason?: string;
}

const BODY_LIMIT = 1024 * 1024;
/** Of what is read although nobody has signed it. */
const FAREWELL_LIMIT = 16 * 1024;
/** Of what is signed within: bringing 300 kB into the form that Linked Data signatures sign takes seconds, in which nobody is answered. */
const SIGNED_WITHIN_LIMIT = { bytes: 32 * 1024, maxMembers: 500 };
const INBOX = /^\/(?:inbox|users\/(\d{1,16})\/inbox)$/;

/** One phrase for whatever is wrong with who signed: which keys, hosts and actors we know or block is nobody's business. */
const UNVERIFIED: Answer = { status: 401, reason: 'the signature could not be verified' };
const ACCEPTED: Answer = { status: 202 };
const TOO_MANY: Answer = { status: 429, reason: 'too many requests' };

/**
 * The inbox: whoever posts an activity proves who they are before it has any effect, and hears 202 once it is on disk. In this order:
 * size and type, the signature's form and coverage and digests, blocked domains, limits, the key, the signature, the JSON, the actor, the id.
 */
export function createFrontDoor(ctx: Ctx, { receiveUnusual }: FrontDoorOptions = {}): Middleware {
  const keys = createKeyRing(ctx);
  const limits = createLimits(ctx);
  const hosts = new Set([ctx.config.host.toLowerCase()]);
  const scheme = ctx.config.origin.startsWith('https:') ? 'https' : 'http';

  async function receive(http: Http, body: Buffer): Promise<Answer> {
    const { method = '', url: target = '', rawHeaders } = http.req;
    const signed = parseSignedRequest({ method, target, rawHeaders, body }, { hosts, scheme, now: ctx.now() });
    if (!signed.ok) return signed;
    if (signed.keyHost === ctx.config.host || ctx.blockedHosts.covers(signed.keyHost)) return UNVERIFIED;
    const { clientAddress } = http.state;
    if (!limits.mayPost(clientAddress, signed.keyHost)) return TOO_MANY;

    const signer = await verify(keys, signed, () => limits.mayFetch(clientAddress, signed.keyHost));
    if (signer === undefined) return UNVERIFIED;
    if (!signer.ok) return answerUnknown(signer, signed, body);
    const parsed = parseJsonGuarded(body);
    if (!parsed.ok || !isJsonObject(parsed.value)) return { status: 400, reason: 'not an activity' };
    const activity = parsed.value;
    const actorUri = soleIdOf(own(activity, 'actor'));
    if (actorUri === undefined) return { status: 400, reason: 'an activity has one actor' };
    if (!hasOwnId(activity, actorUri)) return { status: 401, reason: 'the id is not of the actor’s origin' };

    const refusal = await refuseInbox(ctx, http.path);
    if (refusal) return refusal;

    if (actorUri === signer.actorUri) {
      if (await isStrangersFarewell(ctx, signer, activity)) return ACCEPTED;
      return keepAnd(acceptActivity, { signed, signer, activity });
    }
    // Signed by somebody else: the actor's own signature within, or its server, must vouch for it.
    if (ctx.blockedHosts.covers(new URL(actorUri).host) || isSameOrigin(actorUri, ctx.config.origin)) return UNVERIFIED;
    const isSignedWithin = Object.hasOwn(activity, 'signature') || Object.hasOwn(activity, 'proof');
    if (isSignedWithin && receiveUnusual && isProvable(body)) {
      if (!limits.mayProve(clientAddress)) return TOO_MANY;
      const status = await receiveUnusual({ url: ctx.config.origin + target, headers: headersOf(http.req), body });
      if (status < 300) return { status };
    }
    const verdict = await judgeForwarded(ctx, activity);
    if (verdict === 'ask') return keepAnd(acceptForwarded, { signed, signer, activity });
    return verdict === 'ignore' ? ACCEPTED : UNVERIFIED;
  }

  /** Only now whoever signed becomes known here: nothing is kept of those who are refused. */
  async function keepAnd(
    accept: typeof acceptActivity,
    { signed, signer, activity }: { signed: SignedRequest; signer: Signer; activity: JsonObject },
  ): Promise<Answer> {
    const accountId = await keys.keep(signed.keyId, signer);
    if (accountId === undefined) return UNVERIFIED;
    await accept(ctx, { accountId, activity });
    return ACCEPTED;
  }

  return async (http, next) => {
    if (http.method !== 'POST' || !INBOX.test(http.path)) return next();
    if (!isActivityJsonType(http.req.headers['content-type'])) {
      http.status = 415;
      http.req.resume();
      return;
    }
    const answer = await receive(http, await readBody(http.req, BODY_LIMIT));
    http.status = answer.status;
    if (answer.reason === undefined) http.body = '';
    else http.body = { error: answer.reason };
    if (answer.status === 429 || answer.status === 503) http.set('retry-after', '60');
    if (answer.status >= 400) ctx.log.debug('Inbox: {status} {reason}', { ...answer });
  };
}

function isProvable(body: Buffer): boolean {
  return body.length <= SIGNED_WITHIN_LIMIT.bytes && parseJsonGuarded(body, SIGNED_WITHIN_LIMIT).ok;
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
  if (!parsed.ok || !isJsonObject(parsed.value) || typesOf(parsed.value)[0] !== 'Delete') return UNVERIFIED;
  const actor = soleIdOf(own(parsed.value, 'actor'));
  const isFarewell =
    actor !== undefined && actor === idOf(own(parsed.value, 'object')) && isSameOrigin(actor, signed.keyId);
  return isFarewell ? ACCEPTED : UNVERIFIED;
}

/** Somebody we never met deletes something: there is nothing to do, and no reason to get to know them. */
async function isStrangersFarewell(ctx: Ctx, signer: Signer, activity: JsonObject): Promise<boolean> {
  const isDelete = typesOf(activity)[0] === 'Delete';
  return isDelete && signer.document !== undefined && !(await findAccountByUri(ctx.db, signer.actorUri));
}

/** The inbox of one account must be there: 404 where there never was one, 410 where it was deleted. */
async function refuseInbox(ctx: Ctx, path: string): Promise<Answer | undefined> {
  const id = INBOX.exec(path)?.[1];
  if (id === undefined) return undefined;
  const account = await findAccount(ctx.db, parseId(id) ?? 0);
  if (!account || account.host !== '') return { status: 404, reason: 'no such inbox' };
  return account.deletedAt === undefined ? undefined : { status: 410, reason: 'no such inbox' };
}

interface Limits {
  mayPost(address: string, keyHost: string): boolean;
  mayFetch(address: string, keyHost: string): boolean;
  mayProve(address: string): boolean;
}

/**
 * How much one address may bring in the name of one host: both, because the name is not verified yet, and by the name alone anybody could use
 * up another server's share. Keys that must be fetched are another matter: there the host named is the one to be spared. What is signed
 * within costs a hundred times as much to verify as what is signed by its bringer.
 */
function createLimits({ config, now }: Ctx): Limits {
  if (!config.rateLimits) return { mayPost: () => true, mayFetch: () => true, mayProve: () => true };
  const posts = createTokenBuckets({ burst: 6_000, perSecond: 300, now });
  const postsOfHost = createTokenBuckets({ burst: 2_000, perSecond: 100, now });
  const fetches = createTokenBuckets({ burst: 300, perSecond: 5, now });
  const fetchesFromHost = createTokenBuckets({ burst: 600, perSecond: 10, now });
  const proofs = createTokenBuckets({ burst: 300, perSecond: 5, now });
  return {
    mayPost: (address, keyHost) => posts.take(address) && postsOfHost.take(`${address} ${keyHost}`),
    mayFetch: (address, keyHost) => fetches.take(address) && fetchesFromHost.take(keyHost),
    mayProve: (address) => proofs.take(address),
  };
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
