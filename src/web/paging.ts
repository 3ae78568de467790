import { parseId } from '#lib/id.ts';
import type { WebContext } from '#web/site.ts';

/** Where in a list a page begins. */
export function readPlace(http: WebContext): { before: number | undefined; isFirst: boolean } {
  const { before } = http.query;
  const id = parseId(typeof before === 'string' ? before : undefined);
  return { before: id, isFirst: id === undefined };
}

/** Links to the next page (rel=next) and back to the newest (rel=first). */
export function paging(http: WebContext, path: string, isFirst: boolean, nextBefore: number | undefined) {
  const { t } = http.state.visit;
  const older = nextBefore === undefined ? undefined : { href: `${path}?before=${nextBefore}`, label: t.paging.older };
  const newer = isFirst ? undefined : { href: path, label: t.paging.newer };
  return older || newer ? { older, newer } : undefined;
}
