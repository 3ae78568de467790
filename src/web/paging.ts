import { readQuery } from '#http/query.ts';
import { parseId } from '#lib/id.ts';
import type { WebContext } from '#web/site.ts';

/** Where in a list a page begins; undefined for the first page. */
export function readBefore(http: WebContext): number | undefined {
  return parseId(readQuery(http).get('before'));
}

/** Of `size + 1` rows those to show, and where the next page begins if there is one. */
export function takePage<T extends { id: number }>(
  rows: readonly T[],
  size: number,
): { shown: T[]; next: number | undefined } {
  const shown = rows.slice(0, size);
  return { shown, next: rows.length > size ? shown.at(-1)!.id : undefined };
}

/** Links to the next page (rel=next) and back to the newest (rel=first). */
export function paging(
  http: WebContext,
  { path, before, next }: { path: string; before: number | undefined; next: number | undefined },
) {
  const { t } = http.state.visit;
  const older = next === undefined ? undefined : { href: `${path}?before=${next}`, label: t.paging.older };
  const newer = before === undefined ? undefined : { href: path, label: t.paging.newer };
  return older || newer ? { older, newer } : undefined;
}
