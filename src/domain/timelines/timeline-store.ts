import { setImmediate } from 'node:timers/promises';
import type { Db } from '#db/database.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { postColumns, type PostRow, toPost } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { originalShownTo, shownTo, visibleTo } from '#domain/posts/visibility-sql-store.ts';

/** A page of a list of posts, newest first: at most `limit` with ids below `before` (and above `after`). */
export interface Page {
  limit: number;
  before?: number | undefined;
  after?: number | undefined;
}

/** Home timeline of a local account. */
export async function listHome(db: Db, accountId: number, page: Page): Promise<Post[]> {
  const shown = shownTo(accountId);
  const original = originalShownTo(accountId);
  return select(
    db,
    `SELECT ${postColumns} FROM home JOIN post ON post.id = home.post_id
     WHERE home.account_id = ? AND home.post_id < ? AND home.post_id > ? AND post.deleted_at IS NULL
       AND ${shown.sql} AND ${original.sql}
     ORDER BY home.post_id DESC LIMIT ?`,
    [accountId, ...bounds(page), ...shown.values, ...original.values, page.limit],
  );
}

export interface ProfileFilter {
  replies: 'with' | 'without' | 'only';
  reblogs: 'with' | 'without';
  /** Only posts with attachments. */
  media?: 'only';
  /** Only what is public, where there may be more that the viewer may see. */
  visibility?: 'public';
}

/** Rows looked through at once, and how often: of an account strangers decide how many posts come one after another that one may not see. */
const WINDOWS = { rows: 2_000, most: 20 };

/**
 * Posts of one account, as `viewer` may see them: of reblogs, what they show too. It is looked through a window at a time, and others get
 * their turn between two of them. Behind more hidden posts than anybody writes the list ends.
 */
export async function listByAccount(
  db: Db,
  viewer: Viewer,
  accountId: number,
  filter: ProfileFilter,
  page: Page,
): Promise<Post[]> {
  const visible = visibleTo(viewer);
  const original = originalShownTo(viewer);
  // Each of these has an index, so what it leaves out is not looked through.
  const candidates = ['post.account_id = ?', 'post.deleted_at IS NULL', 'post.id < ?', 'post.id > ?'];
  if (filter.replies === 'without')
    candidates.push('(post.in_reply_to_uri IS NULL OR post.in_reply_to_account_id = post.account_id)');
  if (filter.media === 'only') candidates.push(`post.attachments <> '[]'`);
  const conditions = [...candidates, visible.sql, original.sql];
  if (filter.replies === 'only') conditions.push('post.in_reply_to_uri IS NOT NULL');
  if (filter.reblogs === 'without') conditions.push('post.reblog_of_id IS NULL');
  if (filter.visibility === 'public') conditions.push(`post.visibility = 'public'`);

  const found: Post[] = [];
  const [newest, after] = bounds(page);
  let before = newest;
  for (let window = 0; window < WINDOWS.most; window += 1) {
    if (window > 0) await setImmediate();
    const edge = await db.get<{ id: number }>(
      `SELECT post.id FROM post WHERE ${candidates.join(' AND ')} ORDER BY post.id DESC LIMIT 1 OFFSET ?`,
      [accountId, before, after, WINDOWS.rows],
    );
    const posts = await select(
      db,
      `SELECT ${postColumns} FROM post WHERE ${conditions.join(' AND ')} ORDER BY post.id DESC LIMIT ?`,
      [accountId, before, edge ? edge.id - 1 : after, ...visible.values, ...original.values, page.limit - found.length],
    );
    found.push(...posts);
    if (!edge || found.length === page.limit) break;
    before = edge.id;
  }
  return found;
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
  const shown = shownTo(viewer);
  return select(
    db,
    `SELECT ${postColumns} FROM post
     WHERE post.visibility = 'public' AND post.deleted_at IS NULL AND post.reblog_of_id IS NULL ${local} AND post.id < ? AND post.id > ?
       AND ${shown.sql}
     ORDER BY post.id DESC LIMIT ?`,
    [...bounds(page), ...shown.values, page.limit],
  );
}

/** Public posts with a hashtag (its normalised name). */
export async function listByHashtag(db: Db, viewer: Viewer, name: string, page: Page): Promise<Post[]> {
  const shown = shownTo(viewer);
  return select(
    db,
    `SELECT ${postColumns} FROM post_hashtag JOIN post ON post.id = post_hashtag.post_id
     WHERE post_hashtag.hashtag_id = (SELECT id FROM hashtag WHERE name = ?) AND post_hashtag.is_public = 1
       AND post_hashtag.post_id < ? AND post_hashtag.post_id > ?
       AND post.visibility = 'public' AND post.deleted_at IS NULL AND ${shown.sql}
     ORDER BY post_hashtag.post_id DESC LIMIT ?`,
    [name, ...bounds(page), ...shown.values, page.limit],
  );
}

async function select(db: Db, sql: string, values: (number | string)[]): Promise<Post[]> {
  return (await db.all<PostRow>(sql, values)).map(toPost);
}

function bounds({ before = Number.MAX_SAFE_INTEGER, after = 0 }: Page): [number, number] {
  return [before, after];
}
