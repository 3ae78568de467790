import { createLru } from '#lib/lru.ts';

type Representation = 'activity' | 'page';

const ACTIVITY_TYPES = new Set(['application/activity+json', 'application/ld+json', 'application/json']);
const PAGE_TYPES = new Set(['text/html', 'application/xhtml+xml']);

/** A few spellings make up nearly all requests. */
const known = createLru<string, Representation>({ maxEntries: 200 });

/**
 * Which of the two representations of one URL is asked for, by the preferred of the types that decide it. Whoever takes anything gets the
 * page; plain `application/json` counts as ActivityPub, as several servers ask no better.
 */
export function representationFor(accept: string | undefined): Representation {
  if (accept === undefined || accept.length > 1_000) return 'page';
  let representation = known.get(accept);
  if (representation === undefined) known.set(accept, (representation = decide(accept)));
  return representation;
}

function decide(accept: string): Representation {
  let best: { representation: Representation; quality: number } | undefined;
  // A comma within a quoted profile splits it in two, of which the second is no type that counts.
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const representation = ACTIVITY_TYPES.has(type) ? 'activity' : PAGE_TYPES.has(type) ? 'page' : undefined;
    if (!representation) continue;
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (quality > (best?.quality ?? 0)) best = { representation, quality };
  }
  return best?.representation ?? 'page';
}
