import type { Ctx } from '#context.ts';
import { type Db, list, nextVersion } from '#db/database.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';
import { mergeConversations } from '#domain/timelines/conversation-store.ts';
import { firstIdAt } from '#lib/id.ts';

export type PostRow = Record<keyof Post, unknown>;

/** What `toPost` reads, of the table `post`. */
export const postColumns = `post.id, post.account_id, post.kind, post.uri, post.url, post.visibility, post.title, post.html, post.source, post.summary,
  post.sensitive, post.language, post.emojis, post.attachments, post.conversation_id, post.in_reply_to_uri, post.in_reply_to_id,
  post.in_reply_to_account_id, post.reblog_of_id, post.replies_count, post.reblogs_count, post.favourites_count, post.published_at,
  post.edited_at, post.deleted_at, post.version`;

export function toPost(row: PostRow): Post {
  const post = row as unknown as Post & { emojis: string; attachments: string };
  return {
    ...post,
    sensitive: Boolean(post.sensitive),
    emojis: fromJson(post.emojis),
    attachments: fromJson(post.attachments),
    source: post.source ?? undefined,
    language: post.language ?? undefined,
    conversationId: post.conversationId ?? undefined,
    inReplyToUri: post.inReplyToUri ?? undefined,
    inReplyToId: post.inReplyToId ?? undefined,
    inReplyToAccountId: post.inReplyToAccountId ?? undefined,
    reblogOfId: post.reblogOfId ?? undefined,
    editedAt: post.editedAt ?? undefined,
    deletedAt: post.deletedAt ?? undefined,
  };
}

function fromJson(text: string): never[] {
  return text === '[]' ? [] : (JSON.parse(text) as never[]);
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

/** The post that acting on `id` means: of a reblog, the one it shows. Deleted posts are found too. */
export async function findOriginal(db: Db, id: number): Promise<Post | undefined> {
  const post = await findPost(db, id);
  return post?.reblogOfId === undefined ? post : findPost(db, post.reblogOfId);
}

/** The reblog of `postId` by `accountId`. */
export async function findReblog(db: Db, accountId: number, postId: number): Promise<Post | undefined> {
  const row = await db.get<PostRow>(
    `SELECT ${postColumns} FROM post WHERE reblog_of_id = ? AND account_id = ? AND deleted_at IS NULL`,
    [postId, accountId],
  );
  return row && toPost(row);
}

/**
 * Id for a post published at `publishedAt`, in the order of arrival among those of the same moment. A whole second is the finest that
 * many servers say: its posts spread over the second's milliseconds.
 */
export async function nextPostId(ctx: Ctx, publishedAt: number): Promise<number> {
  const span = publishedAt % 1_000 === 0 ? 1_000 : 1;
  const last = await ctx.db.get<{ id: number | null }>('SELECT max(id) AS id FROM post WHERE id >= ? AND id < ?', [
    firstIdAt(publishedAt),
    firstIdAt(publishedAt + span),
  ]);
  return ctx.ids.at(publishedAt, last?.id ?? 0);
}

/** False when a post with this uri is there already. */
export async function insertPost(db: Db, post: Post): Promise<boolean> {
  const inserted = await db.run(
    `INSERT INTO post (id, account_id, kind, uri, url, visibility, title, html, source, summary, sensitive, language, emojis, attachments,
       conversation_id, in_reply_to_uri, in_reply_to_id, in_reply_to_account_id, reblog_of_id, published_at, edited_at, version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uri) DO NOTHING`,
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
      post.conversationId,
      post.inReplyToUri,
      post.inReplyToId,
      post.inReplyToAccountId,
      post.reblogOfId,
      post.publishedAt,
      post.editedAt,
      post.version,
    ],
  );
  return inserted > 0;
}

/** What an edit may change. */
export type PostContents = Pick<
  Post,
  'title' | 'html' | 'source' | 'summary' | 'sensitive' | 'language' | 'emojis' | 'attachments'
>;

/** Keeps the present contents in the history, then replaces them. */
export async function updateContents(
  db: Db,
  post: Post,
  contents: PostContents,
  edit: { id: number; editedAt: number; version: number },
) {
  await db.run(
    `INSERT INTO post_edit (id, post_id, title, html, source, summary, sensitive, language, attachments, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      edit.id,
      post.id,
      post.title,
      post.html,
      post.source,
      post.summary,
      post.sensitive,
      post.language,
      JSON.stringify(post.attachments),
      post.editedAt ?? post.publishedAt,
    ],
  );
  await db.run(
    `UPDATE post SET title = ?, html = ?, source = ?, summary = ?, sensitive = ?, language = ?, emojis = ?, attachments = ?, edited_at = ?,
       version = ${nextVersion} WHERE id = ?`,
    [
      contents.title,
      contents.html,
      contents.source,
      contents.summary,
      contents.sensitive,
      contents.language,
      JSON.stringify(contents.emojis),
      JSON.stringify(contents.attachments),
      edit.editedAt,
      edit.version,
      edit.version,
      post.id,
    ],
  );
}

export interface PostEdit extends Omit<PostContents, 'emojis'> {
  id: number;
  postId: number;
  /** When these contents were written. */
  createdAt: number;
}

/** Former contents, oldest first. */
export async function listEdits(db: Db, postId: number): Promise<PostEdit[]> {
  const rows = await db.all<Omit<PostEdit, 'attachments'> & { attachments: string }>(
    `SELECT id, post_id, title, html, source, summary, sensitive, language, attachments, created_at FROM post_edit
     WHERE post_id = ? ORDER BY id LIMIT 100`,
    [postId],
  );
  return rows.map((row) => ({ ...row, sensitive: Boolean(row.sensitive), attachments: fromJson(row.attachments) }));
}

/** Empties a post and marks it deleted: the tombstone. False when it was already. */
export async function markPostDeleted(db: Db, id: number, now: number): Promise<boolean> {
  const marked = await db.run(
    `UPDATE post SET deleted_at = ?, version = ${nextVersion}, title = '', html = '', source = NULL, summary = '', emojis = '[]', attachments = '[]',
       replies_count = 0, reblogs_count = 0, favourites_count = 0 WHERE id = ? AND deleted_at IS NULL`,
    [now, now, now, id],
  );
  if (marked === 0) return false;
  // What remains (mentions, favourites, and the thread) says who may know that it was there, and who must hear that it is gone.
  for (const table of ['post_edit', 'pin', 'post_hashtag'])
    await db.run(`DELETE FROM ${table} WHERE post_id = ?`, [id]);
  return true;
}

export async function addToPostCounters(
  db: Db,
  id: number,
  change: { replies?: number; reblogs?: number; favourites?: number; version: number },
): Promise<void> {
  await db.run(
    `UPDATE post SET replies_count = replies_count + ?, reblogs_count = reblogs_count + ?, favourites_count = favourites_count + ?,
       version = ${nextVersion} WHERE id = ? AND deleted_at IS NULL`,
    [change.replies ?? 0, change.reblogs ?? 0, change.favourites ?? 0, change.version, change.version, id],
  );
}

export async function insertMentions(db: Db, postId: number, accountIds: readonly number[]): Promise<void> {
  for (const accountId of accountIds) {
    await db.run('INSERT INTO mention (post_id, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING', [postId, accountId]);
  }
}

export async function deleteMentions(db: Db, postId: number): Promise<void> {
  await db.run('DELETE FROM mention WHERE post_id = ?', [postId]);
}

export async function isMentioned(db: Db, postId: number, accountId: number): Promise<boolean> {
  return (
    (await db.get('SELECT 1 AS found FROM mention WHERE post_id = ? AND account_id = ?', [postId, accountId])) !==
    undefined
  );
}

export async function listMentionedIds(db: Db, postId: number): Promise<number[]> {
  return (await db.all<{ accountId: number }>('SELECT account_id FROM mention WHERE post_id = ?', [postId])).map(
    (row) => row.accountId,
  );
}

export interface Mention {
  postId: number;
  accountId: number;
}

/** Whom these posts name. */
export async function listMentions(db: Db, postIds: readonly number[]): Promise<Mention[]> {
  if (postIds.length === 0) return [];
  const wanted = list(postIds);
  return db.all(`SELECT post_id, account_id FROM mention WHERE post_id ${wanted.sql}`, wanted.values);
}

/** Posts in a thread from which on it stays a thread of its own, be it an answer's: it would be rewritten with each post above it. */
const LONG_THREAD = 1_000;

/**
 * Answers that came before the post they answer are tied to it, with the threads that began with them, until `limit` posts have been
 * rewritten. Returns how many answers everybody may see, and whether others are left.
 */
export async function adoptReplies(
  db: Db,
  post: Pick<Post, 'id' | 'uri' | 'accountId' | 'conversationId'>,
  limit: number,
): Promise<{ open: number; isMore: boolean }> {
  const orphans = await db.all<Pick<Post, 'id' | 'visibility'> & { deletedAt: number | null }>(
    'SELECT id, visibility, deleted_at FROM post WHERE in_reply_to_uri = ? AND in_reply_to_id IS NULL LIMIT ?',
    [post.uri, limit],
  );
  let open = 0;
  let left = limit;
  for (const { id, visibility, deletedAt } of orphans) {
    if (left <= 0) return { open, isMore: true };
    await db.run('UPDATE post SET in_reply_to_id = ?, in_reply_to_account_id = ? WHERE id = ?', [
      post.id,
      post.accountId,
      id,
    ]);
    left -= await joinThread(db, id, post.conversationId ?? post.id);
    if (deletedAt === null && !isRestricted(visibility)) open += 1;
  }
  return { open, isMore: orphans.length === limit };
}

/** Makes the thread `from` a part of the thread `into`. Returns how many posts that took. */
async function joinThread(db: Db, from: number, into: number): Promise<number> {
  const long = await db.get('SELECT 1 AS found FROM post WHERE conversation_id = ? LIMIT 1 OFFSET ?', [
    from,
    LONG_THREAD,
  ]);
  if (long) return 1;
  await mergeConversations(db, from, into);
  return db.run('UPDATE post SET conversation_id = ? WHERE conversation_id = ?', [into, from]);
}

/** Reblogs of a post, oldest first. */
export async function listReblogs(db: Db, postId: number, limit: number): Promise<Post[]> {
  const rows = await db.all<PostRow>(
    `SELECT ${postColumns} FROM post WHERE reblog_of_id = ? AND deleted_at IS NULL ORDER BY id LIMIT ?`,
    [postId, limit],
  );
  return rows.map(toPost);
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
