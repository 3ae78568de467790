import type { Ctx } from '#context.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import type { Post } from '#domain/posts/post.ts';
import { type PageStamp, readPageStamp, type Shown } from '#domain/posts/page-stamp-store.ts';
import { createLru } from '#lib/lru.ts';

/** An answer that is the same for everybody who is not signed in. */
export interface CachedAnswer {
  bytes: Buffer;
  etag: string;
  headers: Readonly<Record<string, string>>;
}

/** What an answer was made from, and as of which versions. */
export interface Basis {
  shown: Shown;
  stamp: PageStamp;
}

export interface PageCache {
  /** The answer kept under `key`, if everything it shows is as it was: other processes write too, so the database is asked. */
  find(key: string): Promise<CachedAnswer | undefined>;
  keep(key: string, answer: CachedAnswer, basis: Basis, ttlMs: number): void;
}

const BYTES = 48 * 1024 * 1024;

export function createPageCache(ctx: Ctx): PageCache {
  const entries = createLru<string, { answer: CachedAnswer; basis: Basis; endsAt: number }>({
    maxEntries: 5_000,
    maxBytes: BYTES,
    sizeOf: ({ answer }) => answer.bytes.length + 1_000,
  });
  return {
    async find(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.endsAt > ctx.now() && isSame(await readPageStamp(ctx.db, entry.basis.shown), entry.basis.stamp))
        return entry.answer;
      entries.delete(key);
      return undefined;
    },
    keep(key, answer, basis, ttlMs) {
      entries.set(key, { answer, basis, endsAt: ctx.now() + ttlMs });
    },
  };
}

function isSame(one: PageStamp, other: PageStamp): boolean {
  return (
    one.accounts === other.accounts &&
    one.posts === other.posts &&
    one.settings === other.settings &&
    one.thread === other.thread
  );
}

/** More than these are not compared: a page with so many people on it may show one of their former names for a while. */
const COMPARED = 128;

type Row = Pick<Post, 'id' | 'version'>;

/** Rows that a page is made of. */
export interface Rows {
  accounts?: readonly Row[];
  posts?: readonly Row[];
}

/**
 * The basis of a page, from the rows it was made of, not from the database again: what changed since they were read must make the kept
 * page stale. `thread` was read before the thread's posts, which it stands for.
 */
export function basisOf(
  settingsVersion: number,
  made: Rows & { thread?: { threadId: number; stamp: string } | undefined },
): Basis {
  const accounts = versions(made.accounts ?? []);
  const posts = versions(made.posts ?? []);
  return {
    shown: {
      accountIds: [...accounts.keys()],
      postIds: [...posts.keys()],
      threadId: made.thread?.threadId,
    },
    stamp: { settings: settingsVersion, accounts: sum(accounts), posts: sum(posts), thread: made.thread?.stamp ?? '' },
  };
}

/** What these views were made of, and `accounts` beside them. */
export function rowsOf(views: readonly PostView[], accounts: readonly Row[] = []): Required<Rows> {
  const all = views.flatMap((view) => (view.reblogOf ? [view, view.reblogOf] : [view]));
  const answered = all.flatMap(({ inReplyTo }) => inReplyTo ?? []);
  return {
    accounts: [...accounts, ...[...all, ...answered].map((row) => row.account)],
    posts: [...all.map((view) => view.post), ...answered],
  };
}

function versions(rows: readonly Row[]): Map<number, number> {
  return new Map([...new Map(rows.map((row) => [row.id, row.version]))].slice(0, COMPARED));
}

function sum(rows: ReadonlyMap<number, number>): number {
  return rows.values().reduce((total, version) => total + version, 0);
}
