import { createFederation, type Federation } from '@fedify/fedify';
import { Activity } from '@fedify/vocab';
import { dispatchActors } from '#activitypub/actors.ts';
import { dispatchCollections } from '#activitypub/collections.ts';
import { contextLoader, createDocumentLoader } from '#activitypub/document-loader.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import type { UnusualRequest } from '#activitypub/front-door.ts';
import { acceptSelfSigned } from '#activitypub/inbox/accept-activity.ts';
import { createKvStore } from '#activitypub/kv-store.ts';
import { dispatchNodeInfo } from '#activitypub/nodeinfo.ts';
import { dispatchPosts } from '#activitypub/posts.ts';
import type { Ctx } from '#context.ts';
import type { JsonObject } from '#lib/json.ts';

/**
 * The federation, as Fedify defines it: which paths hold what, who may read it, and what becomes of activities that its verification of
 * Linked Data signatures and integrity proofs lets pass. It sends nothing (delivery.ts does) and has no queue.
 */
export function createServerFederation(ctx: Ctx): Federation<FederationData> {
  const kv = createKvStore(ctx);
  // Not Fedify's cache of documents: strangers name them, and each may be a megabyte. It keeps the keys it finds in them.
  const loader = createDocumentLoader(ctx);
  const federation = createFederation<FederationData>({
    kv,
    origin: ctx.config.origin,
    manuallyStartQueue: true,
    documentLoaderFactory: () => loader,
    contextLoaderFactory: () => contextLoader,
    // Our network signs as the server itself, whoever Fedify would sign as: what is fetched is the same for everybody.
    authenticatedDocumentLoaderFactory: () => loader,
  });
  dispatchActors(federation);
  dispatchPosts(federation);
  dispatchCollections(federation);
  dispatchNodeInfo(federation, ctx);
  federation
    .setInboxListeners('/users/{identifier}/inbox', '/inbox')
    .on(Activity, async (fedify, activity) => {
      // Compacted anew and not as it came: contexts may say that what is called `content` is something else (A20).
      const json = await activity.toJsonLd({ format: 'compact', contextLoader });
      if ((await acceptSelfSigned(fedify.data.ctx, json as JsonObject)) === 'refused') fedify.data.status = 401;
    })
    // Ours is in the database, and knows for longer.
    .withIdempotency(() => null);
  return federation;
}

/**
 * Receives what the front door passes on: its bringer is known, and the actor's own signature is within. Resolves with the status to
 * answer.
 */
export function createUnusualReceiver(
  ctx: Ctx,
  federation: Federation<FederationData>,
): (request: UnusualRequest) => Promise<number> {
  return async ({ url, headers, body }) => {
    const contextData: FederationData = { ctx, viewer: undefined };
    const request = new Request(url, { method: 'POST', headers, body: new Uint8Array(body) });
    const response = await federation.fetch(request, { contextData });
    return contextData.status ?? response.status;
  };
}
