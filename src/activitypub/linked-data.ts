import { preloadedContexts } from '@fedify/vocab-runtime';
import { isJsonObject, type JsonObject } from '#lib/json.ts';

/**
 * What JSON-LD may cost. Whoever writes a document decides how much work it is to bring it into the form that is signed: each context named
 * is defined anew on top of the one before, and each node without an id is compared with the others. All this happens where everybody else
 * waits to be answered, so the bound comes first, on bodies and on whatever is fetched to verify them.
 */
const LIMIT = {
  /** UTF-16 units of all strings and names. An actor with pictures inside its document has 30,000. */
  length: 64 * 1024,
  /** Members of objects and arrays. Real activities have 60, one that names fifty people 300. */
  members: 500,
  /** In all, those of nested objects included: Mastodon names 2 to 4, Ghost up to 8, and as many again in the proof. */
  contexts: 16,
  /** Terms that bring a context of their own, such as the type of a proof: each costs as much as all others together. Real documents have 5. */
  scopes: 8,
  depth: 64,
};

/** 143 kB, 8 milliseconds each time that it is named. Nobody in the fediverse needs its terms, and Fedify knows it by heart. */
const TOO_LARGE = 'http://schema.org/';

/** The contexts that are known here, by their URL: the only ones there are. */
export const knownContexts: ReadonlyMap<string, unknown> = new Map(
  Object.entries(preloadedContexts).filter(([url]) => url !== TOO_LARGE),
);

/** Terms of these contexts that bring a context of their own, which is applied wherever they stand. */
const scopedTerms: ReadonlySet<string> = new Set([...knownContexts.values()].flatMap(listScoped));

function listScoped(document: unknown): string[] {
  const parts = isJsonObject(document) ? [document['@context']].flat() : [];
  return parts.filter(isJsonObject).flatMap((part) =>
    Object.entries(part)
      .filter(([, term]) => isJsonObject(term) && Object.hasOwn(term, '@context'))
      .flatMap(([name, term]) => [name, ...listScoped(term)]),
  );
}

/**
 * Whether a document is small and plain enough to be expanded as JSON-LD. Contexts that bring further ones with them (`@import`, or contexts
 * of single terms), which are applied as often as the terms occur, are not: no server writes them into its documents.
 */
export function isExpandable(json: JsonObject): boolean {
  return fits(json, { length: 0, members: 0, contexts: 0, scopes: 0 }, 0);
}

interface Spent {
  length: number;
  members: number;
  contexts: number;
  scopes: number;
}

/** Stops at the first limit that is passed, so that it costs no more than what it allows. */
function fits(value: unknown, spent: Spent, depth: number): boolean {
  if (typeof value === 'string') return fitsText(value, spent);
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= LIMIT.depth) return false;
  if (Array.isArray(value))
    return (spent.members += value.length) <= LIMIT.members && value.every((item) => fits(item, spent, depth + 1));
  for (const [name, item] of Object.entries(value)) {
    if (++spent.members > LIMIT.members || !fitsText(name, spent)) return false;
    if (name === '@context' && !isPlainContext(item, spent)) return false;
    if (!fits(item, spent, depth + 1)) return false;
  }
  return true;
}

/** Names and values alike: contexts may call `type` what they like, but not a type that is known here. */
function fitsText(text: string, spent: Spent): boolean {
  if (scopedTerms.has(text)) spent.scopes += 1;
  spent.length += text.length;
  return spent.length <= LIMIT.length && spent.scopes <= LIMIT.scopes;
}

function isPlainContext(context: unknown, spent: Spent): boolean {
  const parts: readonly unknown[] = Array.isArray(context) ? context : [context];
  spent.contexts += parts.length;
  return spent.contexts <= LIMIT.contexts && parts.every((part) => isPlainPart(part));
}

function isPlainPart(part: unknown): boolean {
  if (typeof part === 'string') return !URL.canParse(part) || new URL(part).href !== TOO_LARGE;
  if (!isJsonObject(part)) return part === null;
  if (Object.hasOwn(part, '@import')) return false;
  return Object.values(part).every((term) => !isJsonObject(term) || !Object.hasOwn(term, '@context'));
}
