import type { DocumentLoader } from '@fedify/vocab-runtime';
import { isExpandable, knownContexts } from '#activitypub/linked-data.ts';
import type { Ctx } from '#context.ts';

/** Documents fetched to verify one activity: a key, its owner, both anew where the key has changed, and the actor. */
const DOCUMENTS_LIMIT = 8;

/**
 * Loads documents for Fedify, on behalf of one request: through our own bounded network (signed, size and time limited, private addresses
 * refused), not too many, and none that would cost too much to expand, as strangers name them.
 */
export function createDocumentLoader(ctx: Ctx): DocumentLoader {
  let left = DOCUMENTS_LIMIT;
  return async (url, options) => {
    if (left-- <= 0) throw new Error('Too many documents were asked for');
    const answer = await ctx.remote.getActivityJson(url, options?.signal ? { signal: options.signal } : {});
    if (!answer.ok) throw new Error(`A document could not be loaded: ${answer.detail}`);
    if (!isExpandable(answer.json)) throw new Error('A document is too much to be expanded');
    return { contextUrl: null, documentUrl: answer.url, document: answer.json };
  };
}

const NOTHING = { '@context': {} };

/**
 * Contexts come from memory, never from the network: whoever writes one would decide what others' words mean (A20), and an activity must
 * not become unreadable because some server is away. An unknown one defines nothing, so its terms mean nothing.
 */
export const contextLoader: DocumentLoader = async (url) => {
  return { contextUrl: null, documentUrl: url, document: knownContexts.get(url) ?? NOTHING };
};
