import { listLocalPeople } from '#domain/accounts/account-store.ts';
import { viewPosts } from '#domain/posts/post-view.ts';
import { listPublic } from '#domain/timelines/timeline-store.ts';
import { excerpt, toAccountCard, toListedCard } from '#web/cards.ts';
import { openGraph } from '#web/meta.ts';
import { basisOf, rowsOf } from '#web/page-cache.ts';
import { showPage } from '#web/page.ts';
import { paging, readBefore, takePage } from '#web/paging.ts';
import type { WebContext } from '#web/site.ts';

const POSTS = 15;
const PEOPLE = 12;
/** New posts are not something a kept page could compare cheaply, so it lives for this long only (milliseconds). */
const TTL = 3_000;

/** What this place is: its rules, its people, and what they said last. */
export async function showFront(http: WebContext): Promise<void> {
  const { ctx, visit } = http.state;
  const { settings, t, viewer } = visit;
  const before = readBefore(http);
  const rows = await listPublic(ctx.db, viewer?.account.id, 'local', { limit: POSTS + 1, before });
  const { shown, next } = takePage(rows, POSTS);
  const views = await viewPosts(ctx, viewer?.account.id, shown);
  const people = await listLocalPeople(ctx.db, PEOPLE);
  const description = settings.description.trim() || t.front.noDescription;
  const url = `${ctx.config.origin}/`;
  showPage(http, {
    view: 'front',
    title: '',
    data: {
      paragraphs: paragraphsOf(description),
      posts: views.map((view) => toListedCard(http, view)),
      people: people.map((account) => toAccountCard(http, account)),
      rules: settings.rules,
      paging: paging(http, { path: '/', before, next }),
    },
    head: {
      description: excerpt(description, 200),
      canonical: url,
      robots: before === undefined ? 'index' : 'noindex',
      meta: openGraph(http, { type: 'website', title: settings.name, description: excerpt(description, 200), url }),
    },
    basis: basisOf(settings.version, rowsOf(views, people)),
    ttlMs: TTL,
  });
}

export function paragraphsOf(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
}
