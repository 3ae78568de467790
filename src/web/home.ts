import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import { listHome } from '#domain/timelines/timeline-store.ts';
import { toPostCard } from '#web/cards.ts';
import { type Composed, composeForm } from '#web/compose.ts';
import type { Problem } from '#web/form-problem.ts';
import { showPage } from '#web/page.ts';
import { paging, readPlace } from '#web/paging.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

const POSTS = 20;

/** A post that was refused, with what was typed, and the post it answers. */
interface FailedPost {
  typed: Composed;
  problem: Problem;
  parent?: PostView;
}

/** What the people somebody follows posted, and the form to post. */
export async function showHome(http: WebContext, failed?: FailedPost): Promise<void> {
  const viewer = viewerOf(http);
  const { ctx, visit } = http.state;
  const { before, isFirst } = readPlace(http);
  const posts = await listHome(ctx.db, viewer.account.id, { limit: POSTS + 1, before });
  const views = await viewPosts(ctx.db, viewer.account.id, posts.slice(0, POSTS));
  showPage(http, {
    view: 'home',
    title: visit.t.home.title,
    status: failed ? 422 : 200,
    data: {
      compose: isFirst || failed ? composeForm(http, failed) : undefined,
      posts: views.map((view) => toPostCard(http, view)),
      paging: paging(http, '/home', isFirst, posts.length > POSTS ? posts[POSTS - 1]!.id : undefined),
    },
    head: { robots: 'noindex' },
  });
}
