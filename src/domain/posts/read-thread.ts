import type { Ctx } from '#context.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { listPosts } from '#domain/posts/post-store.ts';
import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import type { Post } from '#domain/posts/post.ts';
import { listConversation, type ThreadPlace } from '#domain/timelines/timeline-store.ts';

/** Posts of a thread whose places are read at most. */
const THREAD_LIMIT = 2_000;
/** What is shown of a thread: strangers decide how many answers there are, and how long they are. */
const ABOVE = { posts: 50, bytes: 128 * 1024 };
const BELOW = { posts: 200, bytes: 384 * 1024 };

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

/** A post with its thread, as `viewer` may see it: what is nearest, where there is too much of it. @throws NotFound */
export async function readThread(ctx: Ctx, viewer: Viewer, postId: number): Promise<Thread> {
  const post = await getVisiblePost(ctx, viewer, postId);
  const places =
    post.conversationId === undefined ? [] : await listConversation(ctx.db, viewer, post.conversationId, THREAD_LIMIT);
  const above = fitting(placesAbove(post, places), ABOVE);
  const below = fitting(placesBelow(post, places), BELOW);

  const ids = [...above, ...below].map((place) => place.id);
  const others = (await listPosts(ctx.db, ids)).filter((other) => other.deletedAt === undefined);
  const views = new Map((await viewPosts(ctx.db, viewer, [post, ...others])).map((view) => [view.post.id, view]));
  const view = views.get(post.id);
  // Its author's account is deleted, and the post about to be.
  if (!view) throw new NotFound('Post');
  return {
    post: view,
    ancestors: above.toReversed().flatMap(({ id }) => views.get(id) ?? []),
    descendants: below.flatMap(({ id, depth }) => {
      const answer = views.get(id);
      return answer ? [{ view: answer, depth }] : [];
    }),
  };
}

/** The post answered to, the one that answers, and so on. */
function placesAbove(post: Post, places: readonly ThreadPlace[]): ThreadPlace[] {
  const byId = new Map(places.map((place) => [place.id, place]));
  const above: ThreadPlace[] = [];
  const seen = new Set([post.id]);
  let next = byId.get(post.inReplyToId ?? 0);
  while (next && !seen.has(next.id)) {
    seen.add(next.id);
    above.push(next);
    next = byId.get(next.inReplyToId ?? 0);
  }
  return above;
}

/** Each answer followed by its own answers. */
function placesBelow(post: Post, places: readonly ThreadPlace[]): (ThreadPlace & { depth: number })[] {
  const children = Map.groupBy(places, (place) => place.inReplyToId);
  const answersTo = (id: number, depth: number) =>
    (children.get(id) ?? []).toReversed().map((place) => ({ ...place, depth }));
  const below: (ThreadPlace & { depth: number })[] = [];
  const seen = new Set([post.id]);
  // A stack instead of recursion: the depth of a thread is up to strangers.
  const stack = answersTo(post.id, 0);
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (seen.has(next.id)) continue;
    seen.add(next.id);
    below.push(next);
    stack.push(...answersTo(next.id, next.depth + 1));
  }
  return below;
}

/** The first of `places` that there is room for. One that is too long leaves its room to those behind it. */
function fitting<T extends ThreadPlace>(places: readonly T[], { posts, bytes }: typeof ABOVE): T[] {
  let room = bytes;
  const fit = places.filter(({ size }) => {
    if (size > room) return false;
    room -= size;
    return true;
  });
  return fit.slice(0, posts);
}
