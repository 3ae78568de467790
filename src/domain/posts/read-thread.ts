import type { Ctx } from '#context.ts';
import { NotFound } from '#domain/errors.ts';
import { arrange, type Arranged, type Stand } from '#domain/posts/arrange-answers.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { listPosts } from '#domain/posts/post-store.ts';
import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import type { Post } from '#domain/posts/post.ts';
import {
  type Count,
  countAnswers,
  findAnswerPosition,
  listAncestors,
  listAnswers,
  type Place,
  PLACES_OF_STRANGER,
  walkAnswers,
} from '#domain/posts/thread-store.ts';

/** Places read upwards, and shown: their number, and bytes of HTML. */
const ABOVE = { read: 1_000, places: 50, bytes: 128 * 1024 };
/** Direct answers read and shown at once, and places read below them. */
const BELOW = { answersRead: 200, answers: 100, read: 500 };
/** How far the answers that are left are counted. */
const COUNTED = 1_000;

/** What stands in a place of a thread. */
export type ThreadEntry =
  | { state: 'shown'; view: PostView }
  /** There was a post; or there is something that is not for the viewer, or not known here. */
  | { state: 'deleted' | 'hidden' }
  /** A post too long to be shown among others. */
  | { state: 'long'; id: number };

export interface Thread {
  post: PostView;
  /** From the beginning of the thread to the post answered to, with a gap where there are too many. Only with the first answers. */
  ancestors: (ThreadEntry | { state: 'gap'; count: Count })[];
  /**
   * Answers below the post, each followed by its own, oldest first. 0 is the depth of direct ones; of `more` that of what is left out, which
   * the page of the post `of` shows.
   */
  descendants: ((ThreadEntry | { state: 'more'; of: PostView | undefined }) & { depth: number })[];
  /** Direct answers that are left, and the one behind which they begin. */
  rest: { after: number; count: Count } | undefined;
}

/**
 * A post that `viewer` may see with its thread: what it answers upwards, what answers it downwards, each as far as it costs no more than a
 * page may. `after` is the direct answer behind which the answers begin. Whatever is left out is said, and can be reached from here.
 * @throws NotFound where the account of the post is deleted, and the post about to be.
 */
export async function readThread(
  ctx: Ctx,
  viewer: Viewer,
  post: Post,
  { after }: { after?: number | undefined } = {},
): Promise<Thread> {
  const above = after === undefined ? await readAbove(ctx, viewer, post) : [];
  const { places: below, rest } = await readBelow(ctx, viewer, post, after);

  const ids = [...above, ...below].flatMap((place) => (place.state === 'shown' ? [place.id] : []));
  const others = (await listPosts(ctx.db, ids)).filter((other) => other.deletedAt === undefined);
  const views = new Map((await viewPosts(ctx, viewer, [post, ...others])).map((view) => [view.post.id, view]));
  const entryOf = (id: number): ThreadEntry => {
    const view = views.get(id);
    // What is gone since, or of an account that is being erased.
    return view ? { state: 'shown', view } : { state: 'deleted' };
  };
  const view = views.get(post.id);
  if (!view) throw new NotFound('Post');
  return {
    post: view,
    ancestors: above.map((place) => (place.state === 'shown' ? entryOf(place.id) : place)),
    descendants: below.map((place) => {
      const { depth } = place;
      if (place.state === 'shown') return { ...entryOf(place.id), depth };
      if (place.state !== 'more') return { ...place, depth };
      return { state: 'more', depth, of: place.of === post.id ? undefined : views.get(place.of) };
    }),
    rest,
  };
}

type Above = Stand | { state: 'gap'; count: Count };

/** What a post answers, from the beginning on: the beginning, and the nearest ones. */
async function readAbove({ db }: Ctx, viewer: Viewer, post: Post): Promise<Above[]> {
  const isTorn = post.inReplyToUri !== undefined && post.inReplyToId === undefined;
  const read = post.inReplyToId === undefined ? [] : await listAncestors(db, viewer, post.id, ABOVE.read);
  const places = withoutCircle(post, read);
  const isWhole = places.length < ABOVE.read;
  const first = isWhole ? places.slice(ABOVE.places - 1).at(-1) : undefined;
  const nearest = places.slice(0, ABOVE.places - 1);
  const left = places.length - nearest.length - (first ? 1 : 0);
  const shown = fitting([...nearest, ...(first ? [first] : [])]).toReversed();
  const opening = first ? shown.slice(0, 1) : [];
  const gap: Above[] = left > 0 ? [{ state: 'gap', count: { n: left, isExact: isWhole } }] : [];
  const missing: Above[] = isTorn || (isWhole && places.at(-1)?.isTorn) ? [{ state: 'hidden' }] : [];
  return [...missing, ...opening, ...gap, ...shown.slice(opening.length)];
}

/** Until one comes again. */
function withoutCircle(post: Post, places: readonly Place[]): Place[] {
  const seen = new Set([post.id]);
  const end = places.findIndex(({ id }) => seen.has(id) || !seen.add(id));
  return end === -1 ? [...places] : places.slice(0, end);
}

/** Those that there is room for are shown, the others only named. One that is too long leaves its room to those behind it. */
function fitting(places: readonly Place[]): Above[] {
  let room = ABOVE.bytes;
  return places.map(({ id, size, state }) => {
    if (state !== 'shown') return { state };
    if (size > room) return { state: 'long', id };
    room -= size;
    return { state, id };
  });
}

/** What answers a post, from one of its answers on. */
async function readBelow(
  { db }: Ctx,
  viewer: Viewer,
  post: Post,
  afterId: number | undefined,
): Promise<{ places: Arranged[]; rest: Thread['rest'] }> {
  const after = afterId === undefined ? undefined : await findAnswerPosition(db, post.id, afterId);
  const answers = await listAnswers(db, viewer, post.id, { after, limit: BELOW.answersRead });
  const shown = atOnce(post, answers);
  const roots = shown.map(({ id }) => id);
  const places = arrange(post, await walkAnswers(db, viewer, roots, roots.length + BELOW.read));
  const last = shown.at(-1);
  if (!last || (shown.length === answers.length && answers.length < BELOW.answersRead)) {
    return { places, rest: undefined };
  }
  const count = await countAnswers(db, viewer, post.id, { after: last, limit: COUNTED });
  return { places, rest: count.n === 0 ? undefined : { after: last.id, count } };
}

/** The answers of one page: until there are enough, or one stranger has enough. What comes behind begins the next page. */
function atOnce(post: Post, answers: readonly Place[]): Place[] {
  const ofStrangers = new Map<number, number>();
  let visible = 0;
  const end = answers.findIndex(({ accountId, answerRank, state }) => {
    if (state !== 'shown') return false;
    if (visible === BELOW.answers) return true;
    visible += 1;
    if (answerRank === 0 || accountId === post.accountId) return false;
    const has = (ofStrangers.get(accountId) ?? 0) + 1;
    ofStrangers.set(accountId, has);
    return has > PLACES_OF_STRANGER;
  });
  return end === -1 ? [...answers] : answers.slice(0, end);
}
