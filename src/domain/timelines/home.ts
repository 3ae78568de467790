import type { Ctx } from '#context.ts';
import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import { listHome, type Page } from '#domain/timelines/timeline-store.ts';

/** The home timeline of a local account: what it and those it follows posted or reblogged. */
export async function homeTimeline(ctx: Ctx, accountId: number, page: Page): Promise<PostView[]> {
  return viewPosts(ctx, accountId, await listHome(ctx.db, accountId, page));
}
