import { type Db, list, nextVersion } from '#db/database.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { isReblog, type Post, type ReblogPost } from '#domain/posts/post.ts';
import { shownTo } from '#domain/posts/visibility-sql-store.ts';
import { parseJsonList } from '#lib/json.ts';

export type PostRow = Record<keyof Post, unknown>;

/** What `toPost` reads, of the table `post`. */
export const postColumns = `post.id, post.account_id, post.kind, post.uri, post.url, post.visibility, post.title, post.html, post.source, post.summary,
  post.sensitive, post.language, post.emojis, post.attachments, post.thread_id, post.in_reply_to_uri, post.in_reply_to_id,
  post.in_reply_to_account_id, post.reblog_of_id, post.replies_count, post.reblogs_count, post.favourites_count, post.published_at,
  post.edited_at, post.deleted_at, post.version`;

export function toPost(row: PostRow): Post {
  const post = row as unknown as Post & { emojis: string; attachments: string };
  return {
    ...post,
    sensitive: Boolean(post.sensitive),
    emojis: parseJsonList(post.emojis),
    attachments: parseJsonList(post.attachments),
    source: post.source ?? undefined,
    language: post.language ?? undefined,
    threadId: post.threadId ?? undefined,
    inReplyToUri: post.inReplyToUri ?? undefined,
    inReplyToId: post.inReplyToId ?? undefined,
    inReplyToAccountId: post.inReplyToAccountId ?? undefined,
    reblogOfId: post.reblogOfId ?? undefined,
    editedAt: post.editedAt ?? undefined,
    deletedAt: post.deletedAt ?? undefined,
  };
}

/** Deleted posts are found too: their `deletedAt` says so. */
export async function findPost(db: Db, id: number): Promise<Post | undefined> {
  const row = await db.get<PostRow>(`SELECT ${postColumns} FROM post WHERE id = ?`, [id]);
  return row && toPost(row);
}

export async function findPostByUri(db: Db, uri: string): Promise<Post | undefined> {
  const row = await db.get<PostRow>(`SELECT ${postColumns} FROM post WHERE uri = ?`, [uri]);
  return row && toPost(row);
}

/** Whether there is a post with this uri, deleted ones included: they hold their threads together. */
export async function isPostKnown(db: Db, uri: string): Promise<boolean> {
  return (await db.get('SELECT 1 AS found FROM post WHERE uri = ?', [uri])) !== undefined;
}

export async function listPosts(db: Db, ids: readonly number[]): Promise<Post[]> {
  if (ids.length === 0) return [];
  const wanted = list(ids);
  return (await db.all<PostRow>(`SELECT ${postColumns} FROM post WHERE id ${wanted.sql}`, wanted.values)).map(toPost);
}

export type ShownRow = Pick<Post, 'id' | 'accountId' | 'version'>;

/** Those of these posts that are still there and that `viewer` is shown. */
export async function listShown(db: Db, viewer: Viewer, ids: readonly number[]): Promise<ShownRow[]> {
  if (ids.length === 0) return [];
  const wanted = list(ids);
  const shown = shownTo(viewer);
  return db.all(
    `SELECT post.id, post.account_id, post.version FROM post WHERE post.id ${wanted.sql} AND post.deleted_at IS NULL AND ${shown.sql}`,
    [...wanted.values, ...shown.values],
  );
}

/** Ids of posts and reblogs of an account that are still there, oldest first. */
export async function listPostIdsOf(db: Db, accountId: number, limit: number): Promise<number[]> {
  const rows = await db.all<{ id: number }>(
    'SELECT id FROM post WHERE account_id = ? AND deleted_at IS NULL ORDER BY id LIMIT ?',
    [accountId, limit],
  );
  return rows.map((row) => row.id);
}

/** The post that acting on `id` means: of a reblog, the one it shows. Deleted posts are found too. */
export async function findOriginal(db: Db, id: number): Promise<Post | undefined> {
  const post = await findPost(db, id);
  return post && isReblog(post) ? findPost(db, post.reblogOfId) : post;
}

/** The reblog of `postId` by `accountId`. */
export async function findReblog(db: Db, accountId: number, postId: number): Promise<ReblogPost | undefined> {
  const row = await db.get<PostRow>(
    `SELECT ${postColumns} FROM post WHERE reblog_of_id = ? AND account_id = ? AND deleted_at IS NULL`,
    [postId, accountId],
  );
  const post = row && toPost(row);
  return post && isReblog(post) ? post : undefined;
}

/** The greatest id from `from` up to, but not including, `to`; undefined where there is none. */
export async function findLastPostId(db: Db, from: number, to: number): Promise<number | undefined> {
  const row = await db.get<{ id: number | null }>('SELECT max(id) AS id FROM post WHERE id >= ? AND id < ?', [
    from,
    to,
  ]);
  return row?.id ?? undefined;
}

/** What a post may leave out when it is stored. */
const blank = {
  title: '',
  html: '',
  source: undefined,
  summary: '',
  sensitive: false,
  language: undefined,
  emojis: [],
  attachments: [],
  threadId: undefined,
  inReplyToUri: undefined,
  inReplyToId: undefined,
  inReplyToAccountId: undefined,
  reblogOfId: undefined,
  editedAt: undefined,
} satisfies Partial<Post>;
/** What every post begins with. */
const untouched = {
  repliesCount: 0,
  reblogsCount: 0,
  favouritesCount: 0,
  deletedAt: undefined,
} satisfies Partial<Post>;

export type PostRecord = Omit<Post, keyof typeof blank | keyof typeof untouched> &
  Partial<Pick<Post, keyof typeof blank>> & {
    /** Among the answers to the same post. */
    answerRank?: 0 | 1 | 2;
  };

/** The post as it is now stored; undefined when a post with this uri is there already. */
export async function insertPost(db: Db, { answerRank = 0, ...record }: PostRecord): Promise<Post | undefined> {
  const post: Post = { ...blank, ...record, ...untouched };
  const inserted = await db.run(
    `INSERT INTO post (id, account_id, kind, uri, url, visibility, title, html, source, summary, sensitive, language, emojis, attachments,
       thread_id, in_reply_to_uri, in_reply_to_id, in_reply_to_account_id, answer_rank, reblog_of_id, published_at, edited_at, version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uri) DO NOTHING`,
    [
      post.id,
      post.accountId,
      post.kind,
      post.uri,
      post.url,
      post.visibility,
      post.title,
      post.html,
      post.source,
      post.summary,
      post.sensitive,
      post.language,
      JSON.stringify(post.emojis),
      JSON.stringify(post.attachments),
      post.threadId,
      post.inReplyToUri,
      post.inReplyToId,
      post.inReplyToAccountId,
      answerRank,
      post.reblogOfId,
      post.publishedAt,
      post.editedAt,
      post.version,
    ],
  );
  return inserted > 0 ? post : undefined;
}

/** Empties a post and marks it deleted: the tombstone. False when it was already. */
export async function markPostDeleted(db: Db, id: number, now: number): Promise<boolean> {
  const marked = await db.run(
    `UPDATE post SET deleted_at = ?, version = ${nextVersion}, title = '', html = '', source = NULL, summary = '', emojis = '[]', attachments = '[]',
       replies_count = 0, reblogs_count = 0, favourites_count = 0 WHERE id = ? AND deleted_at IS NULL`,
    [now, now, now, id],
  );
  if (marked === 0) return false;
  // What remains (mentions, former ones too, favourites, and the thread) says who may know that it was there, and who must hear that it
  // is gone.
  for (const table of ['post_edit', 'pin', 'post_hashtag'])
    await db.run(`DELETE FROM ${table} WHERE post_id = ?`, [id]);
  return true;
}

interface PostCounterChange {
  replies?: number;
  reblogs?: number;
  favourites?: number;
  version: number;
}

/** Adds to the counters shown with a post, and marks it changed. A deleted post shows nothing, and stays at zero. */
export function addToPostCounters(db: Db, id: number, change: PostCounterChange): Promise<void> {
  return addToCountersOfPosts(db, [id], change);
}

/** The same for several posts. */
export async function addToCountersOfPosts(db: Db, ids: readonly number[], change: PostCounterChange): Promise<void> {
  if (ids.length === 0) return;
  const changed = list(ids);
  await db.run(
    `UPDATE post SET replies_count = replies_count + ?, reblogs_count = reblogs_count + ?, favourites_count = favourites_count + ?,
       version = ${nextVersion} WHERE id ${changed.sql} AND deleted_at IS NULL`,
    [
      change.replies ?? 0,
      change.reblogs ?? 0,
      change.favourites ?? 0,
      change.version,
      change.version,
      ...changed.values,
    ],
  );
}

/** Reblogs of a post, oldest first. */
export async function listReblogs(db: Db, postId: number, limit: number): Promise<ReblogPost[]> {
  const rows = await db.all<PostRow>(
    `SELECT ${postColumns} FROM post WHERE reblog_of_id = ? AND deleted_at IS NULL ORDER BY id LIMIT ?`,
    [postId, limit],
  );
  return rows.map(toPost).filter(isReblog);
}

/** Which of these posts `accountId` reblogs. */
export async function listRebloggedIds(db: Db, accountId: number, postIds: readonly number[]): Promise<number[]> {
  const wanted = list(postIds);
  const rows = await db.all<{ id: number }>(
    `SELECT reblog_of_id AS id FROM post WHERE account_id = ? AND deleted_at IS NULL AND reblog_of_id ${wanted.sql}`,
    [accountId, ...wanted.values],
  );
  return rows.map((row) => row.id);
}

/** The language that a local account said it wrote in last, of its latest posts; undefined where it said none. */
export async function findLastLanguage(db: Db, accountId: number): Promise<string | undefined> {
  const rows = await db.all<{ language: string | null }>(
    'SELECT language FROM post WHERE account_id = ? AND deleted_at IS NULL AND reblog_of_id IS NULL ORDER BY id DESC LIMIT 1',
    [accountId],
  );
  return rows[0]?.language ?? undefined;
}
