import type { Post } from '#domain/posts/post.ts';
import { type LinkedPlace, PLACES_OF_STRANGER } from '#domain/posts/thread-store.ts';

/** Posts of a page, and bytes of their HTML: strangers decide how many answers there are, and how long they are. */
const PAGE = { posts: 200, bytes: 384 * 1024 };
/** Of these, what one account has at most that nobody here follows. */
const STRANGER = { posts: PLACES_OF_STRANGER, bytes: 64 * 1024 };

/** What stands in a place: a post, with its text or only named, or the trace of one. */
export type Stand = { state: 'shown'; id: number } | { state: 'long'; id: number } | { state: 'deleted' | 'hidden' };
/** A place of a page, or that there are more answers to the post `of`. */
export type Arranged = (Stand | { state: 'more'; of: number }) & { depth: number };

interface Node {
  id: number;
  state: Stand['state'];
  parent: Node | undefined;
  children: Node[];
  /** Some of its answers are not here. */
  hasMore: boolean;
}

/**
 * The answers to a post as a page shows them: each followed by its own, oldest first. `places` are the direct answers and what answers
 * those, in the order in which they get room. Traces are kept where something is shown below them.
 */
export function arrange(post: Pick<Post, 'id' | 'accountId'>, places: readonly LinkedPlace[]): Arranged[] {
  const root = buildNode(post.id, 'shown', undefined);
  const nodes = new Map([[root.id, root]]);
  const room = createRoom(post.accountId);
  for (const place of places) {
    const parent = nodes.get(place.inReplyToId ?? 0);
    // Below what has no room there is none, and no place comes twice: strangers can tie circles.
    if (!parent || nodes.has(place.id)) continue;
    const state = place.state === 'shown' ? room.take(place) : place.state;
    if (state === 'full') parent.hasMore = true;
    else nodes.set(place.id, buildNode(place.id, state, parent));
  }
  markUnread(nodes, places);
  pruneTraces(nodes);
  return flatten(root);
}

function buildNode(id: number, state: Node['state'], parent: Node | undefined): Node {
  const node = { id, state, parent, children: [], hasMore: false };
  parent?.children.push(node);
  return node;
}

/** Gives posts room, the first ones first. One that is too long is only named, and leaves its room to those behind it. */
function createRoom(authorId: number) {
  const page = { ...PAGE };
  const strangers = new Map<number, typeof STRANGER>();
  return {
    take({ accountId, answerRank, size }: LinkedPlace): 'shown' | 'long' | 'full' {
      const mayFill = answerRank === 0 || accountId === authorId;
      const own = mayFill ? page : (strangers.get(accountId) ?? { ...STRANGER });
      if (page.posts === 0 || own.posts === 0) return 'full';
      const fits = size <= page.bytes && size <= own.bytes;
      for (const limit of new Set([page, own])) {
        limit.posts -= 1;
        if (fits) limit.bytes -= size;
      }
      if (!mayFill) strangers.set(accountId, own);
      return fits ? 'shown' : 'long';
    },
  };
}

/** Neighbours that were not read: there are more answers. */
function markUnread(nodes: ReadonlyMap<number, Node>, places: readonly LinkedPlace[]): void {
  const read = new Set([...nodes.keys(), ...places.map(({ id }) => id)]);
  for (const { id, childId, siblingId } of places) {
    const node = nodes.get(id);
    if (!node) continue;
    if (childId !== undefined && !read.has(childId)) node.hasMore = true;
    if (siblingId !== undefined && !read.has(siblingId)) node.parent!.hasMore = true;
  }
}

/** Takes traces away below which there is nothing, from the last to the first: what is below one comes after it. */
function pruneTraces(nodes: ReadonlyMap<number, Node>): void {
  for (const node of [...nodes.values()].toReversed()) {
    const isTrace = node.state === 'deleted' || node.state === 'hidden';
    if (!isTrace || node.children.length > 0 || !node.parent) continue;
    node.parent.children = node.parent.children.filter((child) => child !== node);
    node.parent.hasMore ||= node.hasMore;
  }
}

function flatten(root: Node): Arranged[] {
  const arranged: Arranged[] = [];
  // A stack instead of recursion: the depth of a thread is up to strangers.
  const stack: (Arranged | { node: Node; depth: number })[] = [];
  const push = ({ id, children, hasMore }: Node, depth: number) => {
    if (hasMore) stack.push({ state: 'more', of: id, depth });
    const newestFirst = children.toSorted((a, b) => b.id - a.id);
    stack.push(...newestFirst.map((node) => ({ node, depth })));
  };
  push(root, 0);
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (!('node' in next)) {
      arranged.push(next);
      continue;
    }
    const { node, depth } = next;
    const { state, id } = node;
    arranged.push(state === 'deleted' || state === 'hidden' ? { state, depth } : { state, id, depth });
    push(node, depth + 1);
  }
  return arranged;
}
