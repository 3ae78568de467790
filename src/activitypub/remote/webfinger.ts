import type { Ctx } from '#context.ts';
import type { ActorDocument } from '#activitypub/remote/actor-reader.ts';
import { httpUrl, objectsOf, own, textOf } from '#activitypub/remote/fields.ts';
import { type Handle, normalizeHost, parseHandle } from '#lib/host.ts';
import { isActivityJsonType } from '#lib/media-type.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** What a host says of a name. */
export interface WebFingerAnswer {
  ok: true;
  /** The handle it goes by, if it is one. */
  subject: Required<Handle> | undefined;
  /** Actors it leads to. */
  actors: string[];
  /** URLs, with `{uri}` for whom, of the pages on which its people follow others. */
  followTemplates: string[];
}

const SUBSCRIBE = 'http://ostatus.org/schema/1.0/subscribe';

/** Asks `host` whom it knows as `name`. @param scheme of the question; http only between private hosts */
export async function askWebFinger(
  ctx: Ctx,
  { name, host, scheme }: { name: string; host: string; scheme: string },
): Promise<WebFingerAnswer | RemoteFailure> {
  if (ctx.blockedHosts.covers(host)) return { ok: false, reason: 'blocked', detail: 'a blocked domain' };
  const resource = encodeURIComponent(`acct:${name}@${host}`);
  const answer = await ctx.remote.getJrd(`${scheme}//${host}/.well-known/webfinger?resource=${resource}`);
  if (!answer.ok) return answer;
  const links = Object.groupBy(objectsOf(own(answer.json, 'links')), (link) => String(own(link, 'rel')));
  const selves = (links['self'] ?? []).filter((link) => isActivityJsonType(textOf(own(link, 'type'))));
  const templates = (links[SUBSCRIBE] ?? [])
    .map((link) => own(link, 'template'))
    .filter((one) => typeof one === 'string');
  const subject = own(answer.json, 'subject');
  const handle = typeof subject === 'string' ? parseHandle(subject) : undefined;
  return {
    ok: true,
    subject: handle?.host === undefined ? undefined : { name: handle.name, host: handle.host },
    actors: selves.flatMap((link) => httpUrl(own(link, 'href')) ?? []),
    followTemplates: templates.filter((template) => template.includes('{uri}')),
  };
}

export interface ConfirmedHandle {
  username: string;
  host: string;
  /** Its host says that it is this actor's. Otherwise it is only what the actor says, under the host of its id. */
  isConfirmed: boolean;
  /** Nobody could say: worth asking again. */
  isUncertain: boolean;
}

/**
 * The handle of an actor, checked in both directions: the actor names it, and its host leads back to the actor. A handle on another domain
 * than the actor's own (a split domain) counts only if that domain says so itself.
 */
export async function confirmHandle(ctx: Ctx, actor: ActorDocument): Promise<ConfirmedHandle> {
  const { uri, username, host } = actor.profile;
  const scheme = new URL(uri).protocol;
  const answer = await askWebFinger(ctx, { name: username, host, scheme });
  if (!answer.ok || !answer.actors.includes(uri)) {
    const isUncertain = !answer.ok && answer.reason === 'temporary';
    return { username, host, isConfirmed: false, isUncertain };
  }
  const confirmed = { username, host, isConfirmed: true, isUncertain: false };
  const claimed = actor.claimedHandle === undefined ? answer.subject : parseHandle(actor.claimedHandle);
  const claimedHost = normalizeHost(claimed?.host ?? '');
  if (claimed === undefined || claimedHost === undefined || claimedHost === host || claimedHost === ctx.config.host)
    return confirmed;
  const reverse = await askWebFinger(ctx, { name: claimed.name, host: claimedHost, scheme });
  if (!reverse.ok || !reverse.actors.includes(uri)) return confirmed;
  const keepsCase = claimed.name === username.toLowerCase();
  return { ...confirmed, username: keepsCase ? username : claimed.name, host: claimedHost };
}
