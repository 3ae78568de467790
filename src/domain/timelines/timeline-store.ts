import type { Db } from '#db/database.ts';
import { originalVisibleTo, type Viewer, visibleTo } from '#domain/posts/post-policy.ts';
import { postColumns, type PostRow, toPost } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';

/** A page of a list of posts, newest first: at most `limit` with ids below `before` (and above `after`). */
export interface Page {
  limit: number;
  before?: number | undefined;
  after?: number | undefined;
}

/** Whom the viewer blocks is not listed. */
const noBlock = `NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = ? AND block.target_id = post.account_id)`;
/** Nor, where `visibleTo` does not say so already, who blocks the viewer. */
const noBlockEither = `${noBlock} AND NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = post.account_id AND block.target_id = ?)`;

/** Home timeline of a local account. */
export async function listHome(db: Db, accountId: number, page: Page): Promise<Post[]> {
  const visible = visibleTo(accountId);
  return select(
    db,
    `SELECT ${postColumns} FROM home JOIN post ON post.id = home.post_id
     LEFT JOIN post original ON original.id = post.reblog_of_id
     WHERE home.account_id = ? AND home.post_id < ? AND home.post_id > ? AND post.deleted_at IS NULL
       AND (post.reblog_of_id IS NULL OR (original.deleted_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM block WHERE (block.account_id = ? AND block.target_id = original.account_id)
           OR (block.account_id = original.account_id AND block.target_id = ?))))
       AND ${noBlock} AND ${visible.sql}
     ORDER BY home.post_id DESC LIMIT ?`,
    [accountId, ...bounds(page), accountId, accountId, accountId, ...visible.values, page.limit],
  );
}

export interface ProfileFilter {
  replies: 'with' | 'without' | 'only';
  reblogs: 'with' | 'without';
  /** Only posts with attachments. */
  media?: 'only';
}

/** Posts of one account, as `viewer` may see them: of reblogs, what they show too. */
export async function listByAccount(
  db: Db,
  viewer: Viewer,
  accountId: number,
  filter: ProfileFilter,
  page: Page,
): Promise<Post[]> {
  const visible = visibleTo(viewer);
  const original = originalVisibleTo(viewer);
  const conditions = [visible.sql, original.sql];
  if (filter.replies === 'without')
    conditions.push('(post.in_reply_to_uri IS NULL OR post.in_reply_to_account_id = post.account_id)');
  if (filter.replies === 'only') conditions.push('post.in_reply_to_uri IS NOT NULL');
  if (filter.reblogs === 'without') conditions.push('post.reblog_of_id IS NULL');
  if (filter.media === 'only') conditions.push(`post.attachments <> '[]'`);
  return select(
    db,
    `SELECT ${postColumns} FROM post WHERE post.account_id = ? AND post.deleted_at IS NULL AND post.id < ? AND post.id > ?
     AND ${conditions.join(' AND ')} ORDER BY post.id DESC LIMIT ?`,
    [accountId, ...bounds(page), ...visible.values, ...original.values, page.limit],
  );
}

/** What one account keeps at the top of its profile, as `viewer` may see it: the newest pin first. */
export async function listPinned(db: Db, viewer: Viewer, accountId: number): Promise<Post[]> {
  const visible = visibleTo(viewer);
  return select(
    db,
    `SELECT ${postColumns} FROM pin JOIN post ON post.id = pin.post_id
     WHERE pin.account_id = ? AND post.deleted_at IS NULL AND ${visible.sql} ORDER BY pin.created_at DESC, pin.post_id DESC`,
    [accountId, ...visible.values],
  );
}

/** Public posts of everybody, or of local accounts only, without reblogs. */
export async function listPublic(db: Db, viewer: Viewer, scope: 'local' | 'everywhere', page: Page): Promise<Post[]> {
  // Only what was written here has a source. Unlike a join with local accounts it has an index: there may be a thousand remote posts for
  // each local one.
  const local = scope === 'local' ? 'AND post.source IS NOT NULL' : '';
  return select(
    db,
    `SELECT ${postColumns} FROM post
     WHERE post.visibility = 'public' AND post.deleted_at IS NULL AND post.reblog_of_id IS NULL ${local} AND post.id < ? AND post.id > ?
       AND ${viewer === undefined ? '1 = 1' : noBlockEither}
     ORDER BY post.id DESC LIMIT ?`,
    [...bounds(page), ...(viewer === undefined ? [] : [viewer, viewer]), page.limit],
  );
}

/** Public posts with a hashtag (its normalised name). */
export async function listByHashtag(db: Db, viewer: Viewer, name: string, page: Page): Promise<Post[]> {
  return select(
    db,
    `SELECT ${postColumns} FROM post_hashtag JOIN post ON post.id = post_hashtag.post_id
     WHERE post_hashtag.hashtag_id = (SELECT id FROM hashtag WHERE name = ?) AND post_hashtag.post_id < ? AND post_hashtag.post_id > ?
       AND post.visibility = 'public' AND post.deleted_at IS NULL AND ${viewer === undefined ? '1 = 1' : noBlockEither}
     ORDER BY post_hashtag.post_id DESC LIMIT ?`,
    [name, ...bounds(page), ...(viewer === undefined ? [] : [viewer, viewer]), page.limit],
  );
}

/** Where a post stands in its thread. */
export interface ThreadPlace {
  id: number;
  inReplyToId: number | null;
  /** Bytes of its HTML. */
  size: number;
}

/** Posts of a thread that `viewer` may see, oldest first, without their contents. Deleted ones are in it: they hold it together. */
export async function listConversation(
  db: Db,
  viewer: Viewer,
  conversationId: number,
  limit: number,
): Promise<ThreadPlace[]> {
  const visible = visibleTo(viewer);
  return db.all<ThreadPlace>(
    `SELECT post.id, post.in_reply_to_id, octet_length(post.html) AS size FROM post
     WHERE post.conversation_id = ? AND ${visible.sql} ORDER BY post.id LIMIT ?`,
    [conversationId, ...visible.values, limit],
  );
}

async function select(db: Db, sql: string, values: (number | string)[]): Promise<Post[]> {
  return (await db.all<PostRow>(sql, values)).map(toPost);
}

function bounds({ before = Number.MAX_SAFE_INTEGER, after = 0 }: Page): [number, number] {
  return [before, after];
}
