import type { Ctx } from '#context.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/find-post.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import type { Post } from '#domain/posts/post.ts';
import { listConversation } from '#domain/timelines/timeline-store.ts';

/** Posts of a thread that are read at most. */
const THREAD_LIMIT = 2_000;

export interface ThreadEntry {
  view: PostView;
  /** 0 for a direct answer to the post. */
  depth: number;
}

export interface Thread {
  post: PostView;
  /** From the beginning of the conversation to the post answered to. */
  ancestors: PostView[];
  /** Answers below the post, each followed by its own answers, oldest first. */
  descendants: ThreadEntry[];
}

/** A post with its whole thread, as `viewer` may see it. @throws NotFound */
export async function readThread(ctx: Ctx, viewer: Viewer, postId: number): Promise<Thread> {
  const post = await getVisiblePost(ctx, viewer, postId);
  const posts =
    post.conversationId === undefined
      ? [post]
      : await listConversation(ctx.db, viewer, post.conversationId, THREAD_LIMIT);
  const parents = new Map(posts.map((entry) => [entry.id, entry]));
  const children = Map.groupBy(posts, (entry) => entry.inReplyToId);
  const views = new Map(
    (await viewPosts(ctx.db, viewer, [post, ...posts.filter(isThere)])).map((view) => [view.post.id, view]),
  );

  const view = views.get(post.id);
  // Its author's account is deleted, and the post about to be.
  if (!view) throw new NotFound('Post');

  const ancestors: PostView[] = [];
  const seen = new Set([post.id]);
  for (let id = post.inReplyToId; id !== undefined && !seen.has(id); id = parents.get(id)?.inReplyToId) {
    seen.add(id);
    const ancestor = views.get(id);
    if (ancestor) ancestors.unshift(ancestor);
  }

  // A stack instead of recursion: the depth of a thread is up to strangers.
  const descendants: ThreadEntry[] = [];
  const stack = (children.get(post.id) ?? []).toReversed().map((child) => ({ child, depth: 0 }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { child, depth } = next;
    if (seen.has(child.id)) continue;
    seen.add(child.id);
    const answer = views.get(child.id);
    if (answer) descendants.push({ view: answer, depth });
    const answers = children.get(child.id) ?? [];
    stack.push(...answers.toReversed().map((below) => ({ child: below, depth: depth + 1 })));
  }
  return { post: view, ancestors, descendants };
}

function isThere(post: Post): boolean {
  return post.deletedAt === undefined;
}
