import { viewPosts } from '#domain/posts/post-view.ts';
import { listByHashtag } from '#domain/timelines/timeline-store.ts';
import { normalizeHashtag } from '#lib/text.ts';
import { toListedCard } from '#web/cards.ts';
import { openGraph } from '#web/meta.ts';
import { basisOf, rowsOf } from '#web/page-cache.ts';
import { showPage } from '#web/page.ts';
import { paging, readBefore, takePage } from '#web/paging.ts';
import type { WebContext } from '#web/site.ts';

const POSTS = 20;
/** As the front page's. */
const TTL = 3_000;

/** The name in an address, as it is looked up. Undefined when it is spelt differently: then the answer is a redirect. */
export function hashtagOfPath(http: WebContext, rest = ''): string | undefined {
  const written = http.params['tag'] ?? '';
  const name = normalizeHashtag(written);
  if (name === written && name !== '') return name;
  http.status = 301;
  http.redirect(name === '' ? '/' : `/tags/${encodeURIComponent(name)}${rest}${http.search}`);
  return undefined;
}

export async function showHashtag(http: WebContext): Promise<void> {
  const name = hashtagOfPath(http);
  if (name === undefined) return;
  const { ctx, site, visit } = http.state;
  const viewerId = visit.viewer?.account.id;
  const before = readBefore(http);
  const rows = await listByHashtag(ctx.db, viewerId, name, { limit: POSTS + 1, before });
  const { shown, next } = takePage(rows, POSTS);
  const views = await viewPosts(ctx, viewerId, shown);
  const display = views.flatMap((view) => view.hashtags).find((tag) => tag.name === name)?.display ?? name;
  const url = site.urls.hashtagPage(name);
  const path = url.slice(ctx.config.origin.length);
  const description = visit.t.hashtag.description(display);
  showPage(http, {
    view: 'hashtag',
    title: visit.t.hashtag.title(display),
    data: {
      heading: visit.t.hashtag.title(display),
      feed: `${path}.atom`,
      posts: views.map((view) => toListedCard(http, view)),
      paging: paging(http, { path, before, next }),
    },
    head: {
      // Posts of many people, who agreed or not each for themselves.
      robots: 'noindex',
      description,
      canonical: url,
      meta: openGraph(http, { type: 'website', title: visit.t.hashtag.title(display), description, url }),
      links: [{ rel: 'alternate', type: 'application/atom+xml', href: `${url}.atom`, title: visit.t.hashtag.feed }],
    },
    basis: basisOf(visit.settings.version, rowsOf(views)),
    ttlMs: TTL,
  });
}
