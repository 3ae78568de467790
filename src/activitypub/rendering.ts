import type { Federation } from '@fedify/fedify';
import type { ByteCache, Bytes } from '#activitypub/byte-cache.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import type { Ctx } from '#context.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import type { TakeRendering } from '#http/render-limit.ts';
import type { RequestContext } from '#http/state.ts';
import type { JsonObject } from '#lib/json.ts';

export const JRD = 'application/jrd+json; charset=utf-8';

/** What Fedify answers with, and where its answers are kept. */
export interface Rendering {
  ctx: Ctx;
  federation: Federation<FederationData>;
  cache: ByteCache;
  takeRendering: TakeRendering;
}

/** Statuses of which it is worth keeping the bytes. */
export const isKept = (status: number) => status === 200 || status === 410;

/** Asks Fedify for one of our own URLs. */
export async function askFedify(
  { ctx, federation, takeRendering }: Rendering,
  http: RequestContext,
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

/** Answers with bytes that are ready, or that the asker has them already. */
export function write(http: RequestContext, bytes: Bytes): void {
  http.status = bytes.status;
  http.set('content-type', bytes.contentType);
  http.set('etag', bytes.etag);
  if (http.fresh) http.status = 304;
  else http.body = bytes.body;
}

/** The same for whatever is not there, is not theirs to see, or was never there (A43). */
export function notFound(http: RequestContext): void {
  http.status = 404;
  http.set('cache-control', 'private, no-store');
  http.body = { error: 'Not found' };
}

/** Asked for in somebody else's name (A83). */
export function misdirected(http: RequestContext): void {
  http.status = 421;
  http.set('cache-control', 'no-store');
  http.body = { error: 'That host is not served here' };
}
