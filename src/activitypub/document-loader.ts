import type { DocumentLoader } from '@fedify/vocab-runtime';
import { preloadedContexts } from '@fedify/vocab-runtime';
import type { Ctx } from '#context.ts';

/** Loads documents for Fedify through our own bounded network: signed, size and time limited, private addresses refused. */
export function createDocumentLoader(ctx: Ctx): DocumentLoader {
  return async (url, options) => {
    const known = Object.hasOwn(preloadedContexts, url) ? preloadedContexts[url] : undefined;
    if (known !== undefined) return { contextUrl: null, documentUrl: url, document: known };
    const answer = await ctx.remote.getActivityJson(url, options?.signal ? { signal: options.signal } : {});
    if (!answer.ok) throw new Error(`A document could not be loaded: ${answer.detail}`);
    return { contextUrl: null, documentUrl: answer.url, document: answer.json };
  };
}

const NOTHING = { '@context': {} };

/**
 * Contexts come from memory, never from the network: whoever writes one would decide what others' words mean (A20), and an activity must
 * not become unreadable because some server is away. An unknown one defines nothing, so its terms mean nothing.
 */
export const contextLoader: DocumentLoader = async (url) => {
  const known = Object.hasOwn(preloadedContexts, url) ? preloadedContexts[url] : undefined;
  return { contextUrl: null, documentUrl: url, document: known ?? NOTHING };
};
