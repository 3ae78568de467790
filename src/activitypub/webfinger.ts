import { findLocalAccount } from '#activitypub/actors.ts';
import { toBytes } from '#activitypub/byte-cache.ts';
import { askFedify, isKept, JRD, notFound, type Rendering, write } from '#activitypub/rendering.ts';
import type { Ctx } from '#context.ts';
import { type Account, INSTANCE_ACTOR } from '#domain/accounts/account.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import type { RequestContext } from '#http/state.ts';
import { hostnameOf, normalizeHost, parseHandle } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

/**
 * The account that a WebFinger resource names: `acct:name@host` in any spelling, the actor's URL or the page of its profile. Normalised once
 * and for all (A79): upper case, IDN and a trailing dot make no second name, and what looks like another letter is another name.
 */
async function findResource(ctx: Ctx, resource: string): Promise<Account | undefined> {
  if (/^https?:/i.test(resource)) return findByUrl(ctx, resource);
  const handle = parseHandle(resource);
  if (handle?.host === undefined || handle.host !== normalizeHost(ctx.config.host)) return undefined;
  // The server's own account is also known by the server's name, as Mastodon has it.
  const name = handle.name === hostnameOf(ctx.config.host) ? INSTANCE_ACTOR : handle.name;
  return findAccountByHandle(ctx.db, name, '');
}

async function findByUrl(ctx: Ctx, resource: string): Promise<Account | undefined> {
  const url = URL.parse(resource);
  if (url?.origin !== ctx.config.origin || url.username !== '' || url.password !== '') return undefined;
  const [, id] = /^\/users\/([1-9]\d{0,15})$/.exec(url.pathname) ?? [];
  if (id !== undefined) return findLocalAccount(ctx, id);
  const [, name] = /^\/@([a-z0-9_]{1,30})$/i.exec(url.pathname) ?? [];
  return name === undefined ? undefined : findAccountByHandle(ctx.db, name, '');
}

/** The one resource under which Fedify is asked for an account: all spellings share its answer. */
function canonicalResource(account: Account, host: string): string {
  return `acct:${account.username}@${host}`;
}

/** Fedify's answer with what it leaves out: the profile's page among the aliases, and where to follow from elsewhere. */
function withPage(jrd: JsonObject, account: Account, origin: string): JsonObject {
  const links = (jrd['links'] as JsonObject[]).slice();
  links.push({ rel: 'http://ostatus.org/schema/1.0/subscribe', template: `${origin}/authorize_interaction?uri={uri}` });
  return { ...jrd, aliases: [account.url, account.uri], links };
}

/** Answers `/.well-known/webfinger`. */
export async function serveWebFinger(server: Rendering, http: RequestContext): Promise<void> {
  const { ctx, cache } = server;
  const { origin, host } = ctx.config;
  http.set('access-control-allow-origin', '*');
  const [resource, ...others] = new URLSearchParams(http.querystring).getAll('resource');
  if (resource === undefined || others.length > 0) {
    http.status = 400;
    http.body = { error: 'One resource is needed' };
    return;
  }
  const account = await findResource(ctx, resource);
  if (!account) return notFound(http);
  const url = `${origin}/.well-known/webfinger?resource=${encodeURIComponent(canonicalResource(account, host))}`;
  const bytes = await cache.get(url, String(account.version), async () => {
    const { status, json } = await askFedify(server, http, url, undefined);
    const body = status === 200 ? JSON.stringify(withPage(json, account, origin)) : '';
    return toBytes(status, JRD, Buffer.from(body));
  });
  if (!isKept(bytes.status)) return notFound(http);
  http.set('cache-control', 'public, max-age=300');
  write(http, bytes);
}
