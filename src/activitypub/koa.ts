import type { Federation } from '@fedify/fedify';
import { type Bytes, createByteCache, toBytes } from '#activitypub/byte-cache.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import { serveHostMeta } from '#activitypub/host-meta.ts';
import { representationFor } from '#activitypub/negotiate.ts';
import { serveNodeInfo } from '#activitypub/nodeinfo.ts';
import { POST_CONTEXT } from '#activitypub/objects/context.ts';
import { askFedify, isKept, misdirected, notFound, type Rendering, write } from '#activitypub/rendering.ts';
import { readAsker } from '#activitypub/signed-get.ts';
import { findStanding, isVisibleTo, parsePath, resolvePage, type Target } from '#activitypub/targets.ts';
import { serveWebFinger } from '#activitypub/webfinger.ts';
import type { Ctx } from '#context.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { isOurHost } from '#http/host.ts';
import type { TakeRendering } from '#http/render-limit.ts';
import type { RequestContext, Middleware } from '#http/state.ts';
import type { JsonObject } from '#lib/json.ts';

const ACTIVITY_JSON = 'application/activity+json; charset=utf-8';

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

async function serveTarget(server: Rendering, http: RequestContext, target: Target): Promise<void> {
  const { ctx, cache } = server;
  const isSigned = http.req.headers['signature'] !== undefined;
  const { viewer, isRefused } = await readAsker(ctx, http);
  const cursor = readCursor(http, target);
  const standing = await findStanding(ctx, target, cursor);
  if (isRefused || !standing || (standing.isRestricted && viewer === undefined)) return notFound(http);
  const { stamp, ownerId } = standing;
  if (viewer !== undefined && ownerId !== undefined && (await findBlock(ctx.db, ownerId, viewer)))
    return notFound(http);
  // Asked before anything is counted: whoever has used up what may be rendered must not learn from that what there is.
  if (standing.isRestricted && !(await isVisibleTo(ctx, viewer, target))) return notFound(http);
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
function readCursor(http: RequestContext, { kind }: Target): string | undefined {
  if (kind !== 'outbox' && kind !== 'network') return undefined;
  const cursor = new URLSearchParams(http.querystring).get('cursor')?.slice(0, 20);
  return cursor?.toWellFormed();
}

async function renderTarget(server: Rendering, http: RequestContext, url: string, viewer: Viewer): Promise<Bytes> {
  const { status, json } = await askFedify(server, http, url, viewer);
  // The terms of the posts in a collection are ours, and Fedify's context for them takes a kilobyte.
  const isCollection = typeof json['type'] === 'string' && json['type'].startsWith('OrderedCollection');
  const shown = isCollection ? { ...json, '@context': POST_CONTEXT, ...itemsOf(json) } : json;
  return toBytes(status, ACTIVITY_JSON, Buffer.from(JSON.stringify(shown)));
}

/** The items without a context of their own. Where some are counted and none is shown, there are no items, rather than an empty list. */
function itemsOf({ orderedItems, totalItems, first }: JsonObject): JsonObject {
  if (!Array.isArray(orderedItems)) return first !== undefined || Number(totalItems) > 0 ? {} : { orderedItems: [] };
  return {
    orderedItems: orderedItems.map((item: unknown) => {
      if (typeof item !== 'object' || item === null) return item;
      const { '@context': _, ...rest } = item as JsonObject;
      return rest;
    }),
  };
}

function isWellKnown(path: string): boolean {
  return /^\/(?:\.well-known\/(?:webfinger|nodeinfo|host-meta(?:\.json)?)|nodeinfo\/2\.[01])$/.test(path);
}
