import { type Db, list } from '#db/database.ts';
import { INSTANCE_SETTINGS, instanceVersionOf } from '#domain/instance/setting-store.ts';
import { threadStampSql } from '#domain/posts/thread-store.ts';

/** What a page shows, by id: what it was made from. */
export interface Shown {
  accountIds: readonly number[];
  postIds: readonly number[];
  /** Of the thread shown whole. */
  threadId?: number | undefined;
}

/** Sums of versions. A version only grows, so the sum of a set of rows changes whenever one of them does. */
export interface PageStamp {
  settings: number;
  accounts: number;
  posts: number;
  thread: string;
}

const NOTHING: readonly number[] = [0];

/** The present versions of what a page shows, in one query: the page is still right if they are what they were. */
export async function readPageStamp(db: Db, shown: Shown): Promise<PageStamp> {
  const accounts = list(shown.accountIds.length > 0 ? shown.accountIds : NOTHING);
  const posts = list(shown.postIds.length > 0 ? shown.postIds : NOTHING);
  const row = await db.get<{ settings: string | null; accounts: number; posts: number; thread: string | null }>(
    `SELECT (SELECT value FROM setting WHERE name = '${INSTANCE_SETTINGS}') AS settings,
       (SELECT CAST(COALESCE(sum(version), 0) AS BIGINT) FROM account WHERE id ${accounts.sql}) AS accounts,
       (SELECT CAST(COALESCE(sum(version), 0) AS BIGINT) FROM post WHERE id ${posts.sql}) AS posts,
       ${shown.threadId === undefined ? "''" : `(${threadStampSql})`} AS thread`,
    [...accounts.values, ...posts.values, ...(shown.threadId === undefined ? [] : [shown.threadId])],
  );
  return {
    settings: instanceVersionOf(row!.settings),
    accounts: row!.accounts,
    posts: row!.posts,
    thread: row!.thread ?? '',
  };
}
