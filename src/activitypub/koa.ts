import type { Federation } from '@fedify/fedify';
import { type ByteCache, type Bytes, createByteCache, toBytes } from '#activitypub/byte-cache.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import { serveHostMeta } from '#activitypub/host-meta.ts';
import { representationFor } from '#activitypub/negotiate.ts';
import { nodeInfoType, toNodeInfo20, toNodeInfo21, withNodeInfo20 } from '#activitypub/nodeinfo.ts';
import { POST_CONTEXT } from '#activitypub/objects/context.ts';
import { readAsker } from '#activitypub/signed-get.ts';
import { findInstanceStamp, findStanding, parsePath, resolvePage, type Target } from '#activitypub/targets.ts';
import { canonicalResource, findResource, withPage } from '#activitypub/webfinger.ts';
import type { Ctx } from '#context.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { isOurHost } from '#http/host.ts';
import type { TakeRendering } from '#http/render-limit.ts';
import type { Middleware } from '#http/state.ts';
import type { JsonObject } from '#lib/json.ts';

type Http = Parameters<Middleware>[0];

const ACTIVITY_JSON = 'application/activity+json; charset=utf-8';
const JRD = 'application/jrd+json; charset=utf-8';
/** How long NodeInfo's counts are kept (milliseconds). */
const NODEINFO_KEPT_FOR = 10 * 60_000;

/** Statuses of which it is worth keeping the bytes. */
const isKept = (status: number) => status === 200 || status === 410;

/**
 * Serves what Fedify defines, on Koa. Fedify gets only paths that are ours, with the configured origin in place of whatever Host was sent,
 * and without a body. What everybody may read is rendered once per version and kept as bytes; a hit costs one prepared read.
 */
export function createFederationRoutes(
  ctx: Ctx,
  federation: Federation<FederationData>,
  takeRendering: TakeRendering,
): Middleware {
  const { origin } = ctx.config;
  const cache = createByteCache();
  const server: Rendering = { ctx, federation, cache, takeRendering };

  return async (http, next) => {
    if (http.method !== 'GET' && http.method !== 'HEAD') return next();
    const { path } = http;
    if (path.startsWith('/.well-known/') || path.startsWith('/nodeinfo/')) {
      if (!isWellKnown(path)) return next();
      if (!isOurHost(http.req.headers.host, ctx.config)) return misdirected(http);
      if (path.startsWith('/.well-known/host-meta')) return serveHostMeta(http, origin);
      return path === '/.well-known/webfinger' ? serveWebFinger(server, http) : serveNodeInfo(server, http);
    }
    const parsed = parsePath(path);
    if (!parsed) return next();
    http.vary('Accept');
    if (representationFor(http.req.headers.accept) === 'page') {
      if ('username' in parsed || parsed.hasPage) return next();
      http.status = 406;
      http.body = { error: 'This is there as application/activity+json only' };
      return;
    }
    // Who asks matters: a cache between us must not hand to a blocked reader what it kept for another. Said before anything is looked for,
    // as what is not there must look like what is not theirs to see.
    http.vary('Signature');
    if (!isOurHost(http.req.headers.host, ctx.config)) return misdirected(http);
    const target = 'username' in parsed ? await resolvePage(ctx, parsed) : parsed;
    if (target) await serveTarget(server, http, target);
    else notFound(http);
  };
}

interface Rendering {
  ctx: Ctx;
  federation: Federation<FederationData>;
  cache: ByteCache;
  takeRendering: TakeRendering;
}

async function serveTarget(server: Rendering, http: Http, target: Target): Promise<void> {
  const { ctx, cache } = server;
  const isSigned = http.req.headers['signature'] !== undefined;
  const { viewer, claimed, isRefused } = await readAsker(ctx, http);
  const cursor = readCursor(http, target);
  const standing = await findStanding(ctx, target, cursor);
  if (isRefused || !standing || (standing.isRestricted && viewer === undefined)) return notFound(http);
  const { stamp, ownerId } = standing;
  if (claimed !== undefined && ownerId !== undefined && (await findBlock(ctx.db, ownerId, claimed)))
    return notFound(http);
  const url = ctx.config.origin + target.path + (cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`);
  // Whoever proved who they are may see more than everybody, and nobody else may ever get what was made for them.
  const isPersonal = viewer !== undefined && target.kind === 'outbox';
  const bytes =
    isPersonal || stamp === undefined
      ? await renderTarget(server, http, url, viewer)
      : await cache.get(url, stamp, () => renderTarget(server, http, url, undefined));
  if (!isKept(bytes.status)) return notFound(http);
  http.set('cache-control', isSigned ? 'private, no-store' : 'no-cache');
  if (!isSigned) http.set('access-control-allow-origin', '*');
  write(http, bytes);
}

/** The page of a collection that is asked for. No other parameter means anything, so none makes another entry of the cache. */
function readCursor(http: Http, { kind }: Target): string | undefined {
  if (kind !== 'outbox' && kind !== 'network') return undefined;
  const cursor = new URLSearchParams(http.querystring).get('cursor')?.slice(0, 20);
  return cursor?.toWellFormed();
}

async function renderTarget(server: Rendering, http: Http, url: string, viewer: Viewer): Promise<Bytes> {
  const { status, json } = await askFedify(server, http, url, viewer);
  // The terms of the posts in a collection are ours, and Fedify's context for them takes a kilobyte.
  const isCollection = typeof json['type'] === 'string' && json['type'].startsWith('OrderedCollection');
  const shown = isCollection ? { ...json, '@context': POST_CONTEXT, ...withoutItemContexts(json) } : json;
  return toBytes(status, ACTIVITY_JSON, Buffer.from(JSON.stringify(shown)));
}

function withoutItemContexts({ orderedItems }: JsonObject): JsonObject {
  if (!Array.isArray(orderedItems)) return { orderedItems: [] };
  return {
    orderedItems: orderedItems.map((item: unknown) => {
      if (typeof item !== 'object' || item === null) return item;
      const { '@context': _, ...rest } = item as JsonObject;
      return rest;
    }),
  };
}

async function serveWebFinger(server: Rendering, http: Http): Promise<void> {
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

async function serveNodeInfo(server: Rendering, http: Http): Promise<void> {
  const { ctx, cache } = server;
  const { path } = http;
  const { origin } = ctx.config;
  const isIndex = path === '/.well-known/nodeinfo';
  const stamp = await findInstanceStamp(ctx, NODEINFO_KEPT_FOR);
  const bytes = await cache.get(origin + path, stamp, async () => {
    const { json } = await askFedify(server, http, origin + path.replace('/2.0', '/2.1'), undefined);
    if (isIndex) return toBytes(200, JRD, Buffer.from(JSON.stringify(withNodeInfo20(json, origin))));
    const version = path.endsWith('2.0') ? '2.0' : '2.1';
    return toBytes(
      200,
      nodeInfoType(version),
      Buffer.from(JSON.stringify(version === '2.0' ? toNodeInfo20(json) : toNodeInfo21(json))),
    );
  });
  http.set('access-control-allow-origin', '*');
  http.set('cache-control', 'public, max-age=300');
  write(http, bytes);
}

function isWellKnown(path: string): boolean {
  return /^\/(?:\.well-known\/(?:webfinger|nodeinfo|host-meta(?:\.json)?)|nodeinfo\/2\.[01])$/.test(path);
}

async function askFedify(
  { ctx, federation, takeRendering }: Rendering,
  http: Http,
  url: string,
  viewer: Viewer,
): Promise<{ status: number; json: JsonObject }> {
  takeRendering(http);
  const contextData: FederationData = { ctx, viewer };
  const response = await federation.fetch(new Request(url, { headers: { accept: 'application/activity+json' } }), {
    contextData,
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: contextData.status ?? response.status, json: isJson ? (JSON.parse(text) as JsonObject) : {} };
}

function write(http: Http, bytes: Bytes): void {
  http.status = bytes.status;
  http.set('content-type', bytes.contentType);
  http.set('etag', bytes.etag);
  if (http.fresh) http.status = 304;
  else http.body = bytes.body;
}

/** The same for whatever is not there, is not theirs to see, or was never there (A43). */
function notFound(http: Http): void {
  http.status = 404;
  http.set('cache-control', 'private, no-store');
  http.body = { error: 'Not found' };
}

/** Asked for in somebody else's name (A83). */
function misdirected(http: Http): void {
  http.status = 421;
  http.set('cache-control', 'no-store');
  http.body = { error: 'That host is not served here' };
}
