import { readQuery } from '#http/query.ts';
import { parseId } from '#lib/id.ts';
import type { WebContext } from '#web/site.ts';

/** Parameters of pages that are not lists, besides those of forms and links that lead on at once. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  '/authorize_interaction': ['uri'],
  '/oembed': ['url', 'format', 'maxwidth', 'maxheight'],
  '/settings/instance': ['welcome'],
  '/sign-in': ['to'],
};
/** Where in a list a page begins: ids of posts or follows. */
const PLACES = ['before', 'after'] as const;

/**
 * The path and what in the query makes another page of it. Whatever else was in the address is neither looked at, nor repeated on the
 * page: so a page has one address under which it is kept, whoever adds what to it.
 * @throws an error of status 414 or 400, see readQuery
 */
export function addressOf(http: WebContext): string {
  const { path } = http;
  if (http.querystring === '') return path;
  const query = readQuery(http);
  // To the router `/oembed/` and `/OEMBED` are the same page.
  const page = path.toLowerCase().replace(/\/$/, '');
  const named = Object.hasOwn(PARAMETERS, page)
    ? PARAMETERS[page]!.map((name) => [name, query.get(name)] as const)
    : PLACES.map((name) => [name, parseId(query.get(name))] as const);
  const kept = named.flatMap(([name, value]) => (value === undefined ? [] : `${name}=${encodeURIComponent(value)}`));
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
}

/** Longer addresses are not led back to: encoded in another address they might be refused there. */
const BACK_LIMIT = 600;

/** Where to come back to from a form or a link that leads away: this page, if it can be asked for again. */
export function backHere(http: WebContext): string | undefined {
  const { address } = http.state;
  return http.method !== 'POST' && address !== undefined && address.length <= BACK_LIMIT ? address : undefined;
}

/** A path of ours to go back to; undefined for anything that leads, or could lead, to another host. */
export function localPath(http: WebContext, path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith('/') || path.length > 2_000 || /[\\\p{Cc}\s]/u.test(path))
    return undefined;
  const { origin } = http.state.ctx.config;
  const url = URL.parse(path, origin);
  return url?.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search + url.hash : undefined;
}
