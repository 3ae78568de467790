import type { PostView } from '#domain/posts/post-view.ts';
import type { Thread, ThreadEntry } from '#domain/posts/read-thread.ts';
import type { Count } from '#domain/posts/thread-store.ts';
import { anchorOf, hrefOf, postPath, toPostCard } from '#web/cards.ts';
import type { WebContext } from '#web/site.ts';

/** Posts above the one shown that are open; those between them and the beginning open on demand. */
const OPEN_ABOVE = 3;
/** Deeper replies are not moved in further: a phone has no room for it. */
const DEPTH_LIMIT = 5;

/** Views of everything that a page shows of a thread. */
export function viewsOf({ post, ancestors, descendants }: Thread): PostView[] {
  const around = [...ancestors, ...descendants].flatMap((entry) => (entry.state === 'shown' ? [entry.view] : []));
  return [post, ...around];
}

/** What the template shows of a thread. */
export function toThread(http: WebContext, thread: Thread, isFirstPage: boolean) {
  const { t } = http.state.visit;
  const card = cardsIn(http, thread);
  const path = postPath(thread.post.account, thread.post.post.id);
  const { rest } = thread;
  return {
    ...toAncestors(http, thread, card),
    post: card(thread.post),
    descendants: thread.descendants.map((entry) => ({
      ...toPlace(http, entry, card),
      depth: String(Math.min(entry.depth, DEPTH_LIMIT)),
      level: entry.depth === 0 ? '' : t.post.level(entry.depth + 1),
    })),
    paging:
      rest || !isFirstPage
        ? {
            newer: isFirstPage ? undefined : { href: `${path}#replies`, label: t.post.firstReplies },
            older: rest && {
              href: `${path}?after=${rest.after}#replies`,
              label: labelOf(http, 'moreReplies', rest.count),
            },
          }
        : undefined,
  };
}

/** The beginning of the thread, what nobody need read to follow it, and the nearest posts. */
function toAncestors(http: WebContext, { ancestors }: Thread, card: CardOf) {
  const begins = ancestors.findIndex(({ state }) => state !== 'hidden');
  const opening = ancestors[begins]?.state === 'gap' ? 0 : begins + 1;
  const nearest = Math.max(opening, ancestors.length - OPEN_ABOVE);
  const between = ancestors.slice(opening, nearest);
  const n = between.reduce((sum, entry) => sum + (entry.state === 'gap' ? entry.count.n : 1), 0);
  // One post would take hardly more room than the line that stands for it.
  const isFolded = n > 1;
  const place = (entry: Thread['ancestors'][number], index: number) => {
    if (entry.state !== 'gap') return toPlace(http, entry, card);
    const next = ancestors.slice(index).find((other) => other.state === 'shown');
    return trace(labelOf(http, 'earlier', entry.count), next ? hrefOf(next.view) : '');
  };
  const places = ancestors.map(place);
  return {
    opening: places.slice(0, isFolded ? opening : nearest),
    between: isFolded
      ? {
          label: labelOf(http, 'earlier', { n, isExact: between.every((e) => e.state !== 'gap' || e.count.isExact) }),
          places: places.slice(opening, nearest),
        }
      : undefined,
    nearest: places.slice(nearest),
  };
}

function toPlace(http: WebContext, entry: Thread['descendants'][number] | ThreadEntry, card: CardOf) {
  const { t } = http.state.visit;
  switch (entry.state) {
    case 'shown':
      return { post: card(entry.view), text: '', href: '' };
    case 'long':
      return trace(t.post.long, `/posts/${entry.id}`);
    case 'more':
      return entry.of ? trace(t.post.more, hrefOf(entry.of)) : trace(t.post.moreLeftOut);
    default:
      return trace(t.post[entry.state]);
  }
}

/** A line where no post is shown. */
function trace(text: string, href = '') {
  return { post: undefined, text, href };
}

type CardOf = (view: PostView) => ReturnType<typeof toPostCard>;

/** Cards that name what a post replies to where it does not stand right above, and lead to its place where it is on the same page. */
function cardsIn(http: WebContext, thread: Thread): CardOf {
  const shown = [...thread.ancestors, { state: 'shown' as const, view: thread.post }, ...thread.descendants];
  const idOf = (entry: (typeof shown)[number] | undefined) =>
    entry?.state === 'shown' ? entry.view.post.id : undefined;
  const aboveOf = new Map(shown.map((entry, index) => [idOf(entry), idOf(shown[index - 1])]));
  const direct = new Set(thread.descendants.filter(({ depth }) => depth === 0).map(idOf));
  return (view) => {
    const card = toPostCard(http, view);
    const { inReplyTo, post } = view;
    if (!card.replyTo || !inReplyTo || !aboveOf.has(inReplyTo.id)) return card;
    const isPlain = direct.has(post.id) || aboveOf.get(post.id) === inReplyTo.id;
    return { ...card, replyTo: isPlain ? undefined : { ...card.replyTo, href: `#${anchorOf(inReplyTo.id)}` } };
  };
}

function labelOf(http: WebContext, key: 'earlier' | 'moreReplies', { n, isExact }: Count): string {
  const { t, format } = http.state.visit;
  return t.post[key](n, isExact ? format.number(n) : `${format.number(n)}+`);
}
