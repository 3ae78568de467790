import type { Federation } from '@fedify/fedify';
import { toBytes } from '#activitypub/byte-cache.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import { askFedify, JRD, type Rendering, write } from '#activitypub/rendering.ts';
import type { Ctx } from '#context.ts';
import { getSettings } from '#domain/instance/settings.ts';
import { countUsage, type Usage } from '#domain/instance/usage-store.ts';
import type { RequestContext } from '#http/state.ts';
import type { JsonObject } from '#lib/json.ts';
import { VERSION } from '#lib/version.ts';

const SCHEMA = 'http://nodeinfo.diaspora.software/ns/schema';
/** How long counts are good for (milliseconds). */
const COUNTED_FOR = 10 * 60_000;

/** Registers NodeInfo 2.1; 2.0 is made from it. */
export function dispatchNodeInfo(federation: Federation<FederationData>, ctx: Ctx): void {
  let counted: { at: number; usage: Usage } | undefined;

  federation.setNodeInfoDispatcher('/nodeinfo/2.1', async () => {
    if (!counted || ctx.now() - counted.at > COUNTED_FOR)
      counted = { at: ctx.now(), usage: await countUsage(ctx.db, ctx.now()) };
    const { users, activeMonth, activeHalfyear, posts } = counted.usage;
    const settings = await getSettings(ctx);
    return {
      software: { name: 'parvis', version: VERSION },
      protocols: ['activitypub'],
      services: { inbound: [], outbound: [] },
      // Whatever mode the owner chose: nobody can sign up by themselves yet.
      openRegistrations: false,
      usage: { users: { total: users, activeMonth, activeHalfyear }, localPosts: posts, localComments: 0 },
      metadata: { nodeName: settings.name, nodeDescription: settings.description },
    };
  });
}

/** As Fedify has it, without the member that its own schema does not allow. */
function toNodeInfo21(json: JsonObject): JsonObject {
  const { $schema: _, ...rest } = json;
  return rest;
}

/** The older version, which most crawlers ask for: without what it does not know. */
function toNodeInfo20(json: JsonObject): JsonObject {
  const { name, version } = json['software'] as { name: string; version: string };
  return { ...toNodeInfo21(json), version: '2.0', software: { name, version } };
}

/** Where NodeInfo is, with the older version beside Fedify's own. */
function withNodeInfo20(jrd: JsonObject, origin: string): JsonObject {
  const links = (jrd['links'] as JsonObject[]).slice();
  links.push({ rel: `${SCHEMA}/2.0`, href: `${origin}/nodeinfo/2.0`, type: nodeInfoType('2.0') });
  return { ...jrd, links };
}

function nodeInfoType(version: '2.0' | '2.1'): string {
  return `application/json; profile="${SCHEMA}/${version}#"`;
}

/** Answers `/.well-known/nodeinfo`, `/nodeinfo/2.0` and `/nodeinfo/2.1`. */
export async function serveNodeInfo(server: Rendering, http: RequestContext): Promise<void> {
  const { ctx, cache } = server;
  const { path } = http;
  const { origin } = ctx.config;
  // Its counts are as old as they may be, its settings are not.
  const stamp = `${(await getSettings(ctx)).version} ${Math.floor(ctx.now() / COUNTED_FOR)}`;
  const bytes = await cache.get(origin + path, stamp, async () => {
    const { json } = await askFedify(server, http, origin + path.replace('/2.0', '/2.1'), undefined);
    if (path === '/.well-known/nodeinfo') return toBytes(200, JRD, toJsonBytes(withNodeInfo20(json, origin)));
    return path.endsWith('2.0')
      ? toBytes(200, nodeInfoType('2.0'), toJsonBytes(toNodeInfo20(json)))
      : toBytes(200, nodeInfoType('2.1'), toJsonBytes(toNodeInfo21(json)));
  });
  http.set('access-control-allow-origin', '*');
  http.set('cache-control', 'public, max-age=300');
  write(http, bytes);
}

function toJsonBytes(json: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(json));
}
