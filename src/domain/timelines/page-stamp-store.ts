import { type Db, list } from '#db/database.ts';

/** What a page shows, by id: what it was made from. */
export interface Shown {
  accountIds: readonly number[];
  postIds: readonly number[];
  /** Of the thread shown whole. */
  conversationId?: number | undefined;
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
    `SELECT (SELECT value FROM setting WHERE name = 'instance') AS settings,
       (SELECT CAST(COALESCE(sum(version), 0) AS BIGINT) FROM account WHERE id ${accounts.sql}) AS accounts,
       (SELECT CAST(COALESCE(sum(version), 0) AS BIGINT) FROM post WHERE id ${posts.sql}) AS posts,
       ${shown.conversationId === undefined ? "''" : `(${threadSql})`} AS thread`,
    [...accounts.values, ...posts.values, ...(shown.conversationId === undefined ? [] : [shown.conversationId])],
  );
  const settings = row?.settings ? ((JSON.parse(row.settings) as { version?: number }).version ?? 0) : 0;
  return { settings, accounts: row!.accounts, posts: row!.posts, thread: row!.thread ?? '' };
}

/** As text: the sum over a long thread exceeds what a JavaScript number holds. Restricted posts change nothing that everybody sees. */
const threadSql = `SELECT count(*) || '-' || CAST(sum(version) AS TEXT) FROM post
  WHERE conversation_id = ? AND visibility IN ('public', 'unlisted')`;

/** The stamp of a thread, to be read before the thread is. */
export async function readThreadStamp(db: Db, conversationId: number): Promise<string> {
  return (await db.get<{ thread: string | null }>(`SELECT (${threadSql}) AS thread`, [conversationId]))?.thread ?? '';
}
