import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import { listHome } from '#domain/timelines/timeline-store.ts';
import { toListedCard } from '#web/cards.ts';
import { type Composed, composeForm } from '#web/compose.ts';
import type { Problem } from '#web/form-problem.ts';
import { showPage } from '#web/page.ts';
import { paging, readBefore, takePage } from '#web/paging.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

const POSTS = 20;

/** A post that was refused, with what was typed, and the post it replies to. */
interface FailedPost {
  typed: Composed;
  problems: readonly Problem[];
  parent?: PostView;
}

/** What the people somebody follows posted, and the form to post. */
export async function showHome(http: WebContext, failed?: FailedPost): Promise<void> {
  const viewer = viewerOf(http);
  const { ctx, visit } = http.state;
  const before = readBefore(http);
  const rows = await listHome(ctx.db, viewer.account.id, { limit: POSTS + 1, before });
  const { shown, next } = takePage(rows, POSTS);
  const views = await viewPosts(ctx, viewer.account.id, shown);
  showPage(http, {
    view: 'home',
    title: visit.t.home.title,
    isRefused: failed !== undefined,
    data: {
      compose: before === undefined || failed ? await composeForm(http, failed) : undefined,
      posts: views.map((view) => toListedCard(http, view)),
      paging: paging(http, { path: '/home', before, next }),
    },
    head: { robots: 'noindex' },
  });
}
