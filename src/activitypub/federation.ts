import { createFederation, type Federation } from '@fedify/fedify';
import { Activity } from '@fedify/vocab';
import type { DocumentLoader } from '@fedify/vocab-runtime';
import { dispatchActors } from '#activitypub/actors.ts';
import { dispatchCollections } from '#activitypub/collections.ts';
import { contextLoader, createDocumentLoader } from '#activitypub/document-loader.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import { isFresh } from '#activitypub/inbox/signed-within.ts';
import { KEYS_PREFIX, withKnownKeys } from '#activitypub/known-keys.ts';
import { createKvStore } from '#activitypub/fedify-kv.ts';
import { dispatchNodeInfo } from '#activitypub/nodeinfo.ts';
import { dispatchPosts } from '#activitypub/posts.ts';
import type { Ctx } from '#context.ts';
import { ExpectedError } from '#lib/expected-error.ts';
import type { JsonObject } from '#lib/json.ts';

/**
 * The federation, as Fedify defines it: which paths hold what, who may read it, and what becomes of activities that its verification of
 * Linked Data signatures and integrity proofs lets pass. It sends nothing (delivery.ts does) and has no queue.
 */
export function createServerFederation(ctx: Ctx): Federation<FederationData> {
  const kv = withKnownKeys(ctx, createKvStore(ctx));
  // Not Fedify's cache of documents: strangers name them.
  const createLoader = () => createDocumentLoader(ctx);
  const federation = createFederation<FederationData>({
    kv,
    kvPrefixes: { publicKey: KEYS_PREFIX },
    origin: ctx.config.origin,
    manuallyStartQueue: true,
    documentLoaderFactory: createLoader,
    contextLoaderFactory: () => contextLoader,
    // Our network signs as the server itself, whoever Fedify would sign as: what is fetched is the same for everybody.
    authenticatedDocumentLoaderFactory: createLoader,
  });
  dispatchActors(federation);
  dispatchPosts(federation);
  dispatchCollections(federation);
  dispatchNodeInfo(federation, ctx);
  federation
    .setInboxListeners('/users/{identifier}/inbox', '/inbox')
    .on(Activity, async ({ data }, activity) => {
      if (!(await hasFreshProofs(activity, data.ctx.now()))) return;
      // Compacted anew and not as it came: contexts may say that what is called `content` is something else (A20).
      data.verified = (await activity.toJsonLd({ format: 'compact', contextLoader })) as JsonObject;
    })
    // Ours is in the database, and knows for longer.
    .withIdempotency(() => null);
  return federation;
}

/**
 * Whether all integrity proofs are fresh, as they were read: contexts may say that what is called `created` is something else, so that it
 * stands in the proof twice. (Of a Linked Data signature the front door has seen the very text that was signed.)
 */
async function hasFreshProofs(activity: Activity, now: number): Promise<boolean> {
  try {
    // By default Fedify fetches a proof that is only named.
    for await (const proof of activity.getProofs({ documentLoader: nothing }))
      if (!isFresh(proof.created?.epochMilliseconds, now)) return false;
    return true;
  } catch {
    return false;
  }
}

const nothing: DocumentLoader = () => Promise.reject(new Error('A proof must be inside the document'));

/**
 * Verifies the Linked Data signature or integrity proofs within an activity, and resolves with it as its contexts mean it; undefined where
 * nobody, or not the actor alone, has signed it. Fedify gets the activity as it was parsed and bounded here, and nothing of the request: the
 * bringer's own signature vouches for nothing in it.
 * @throws for a failure of ours
 */
export function createSelfSignedVerifier(
  ctx: Ctx,
  federation: Federation<FederationData>,
): (activity: JsonObject) => Promise<JsonObject | undefined> {
  return async (activity) => {
    const contextData: FederationData = { ctx, viewer: undefined };
    const headers = { 'content-type': 'application/activity+json' };
    const request = new Request(`${ctx.config.origin}/inbox`, {
      method: 'POST',
      headers,
      body: JSON.stringify(activity),
    });
    try {
      await federation.fetch(request, { contextData });
    } catch (error) {
      // Our database. Everything else is what a stranger wrote, or a document of theirs that cannot be had.
      if (error instanceof ExpectedError) throw error;
      return undefined;
    }
    return contextData.verified;
  };
}
