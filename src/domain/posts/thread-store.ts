import { type Db, list } from '#db/database.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { shownTo } from '#domain/posts/visibility-sql-store.ts';

/**
 * The order among the answers to one post, so that strangers push nobody out of sight: first those of people here and of accounts that
 * somebody here followed when the answer came; then others'; last what is too much of one stranger in one thread.
 */
export type AnswerRank = 0 | 1 | 2;
const FEW: AnswerRank = 2;

/** Places in one thread that an account has before the others, if nobody here follows it. */
export const PLACES_OF_STRANGER = 50;

/** Where a post stands in its thread, without its contents. Deleted and hidden ones have a place too: they hold the thread together. */
export interface Place {
  id: number;
  accountId: number;
  inReplyToId: number | undefined;
  answerRank: AnswerRank;
  /** Bytes of its HTML. */
  size: number;
  /** What the viewer is shown there: the post, that there was one, or no more than that there is something. */
  state: 'shown' | 'deleted' | 'hidden';
  /** It answers something, but not a place of this thread. */
  isTorn: boolean;
}

type PlaceRow = Pick<Place, 'id' | 'accountId' | 'answerRank' | 'size'> & {
  inReplyToId: number | null;
  inReplyToUri: string | null;
  deletedAt: number | null;
  isVisible: number;
};

/** What `toPlace` reads, of the table `post`. */
function placeColumns(viewer: Viewer): { sql: string; values: number[] } {
  const visible = shownTo(viewer);
  return {
    sql: `post.id, post.account_id, post.in_reply_to_id, post.in_reply_to_uri, post.answer_rank, octet_length(post.html) AS size,
      post.deleted_at, CASE WHEN ${visible.sql} THEN 1 ELSE 0 END AS is_visible`,
    values: visible.values,
  };
}

function toPlace({ inReplyToUri, deletedAt, isVisible, ...row }: PlaceRow): Place {
  return {
    ...row,
    inReplyToId: row.inReplyToId ?? undefined,
    state: isVisible === 0 ? 'hidden' : deletedAt === null ? 'shown' : 'deleted',
    isTorn: inReplyToUri !== null && row.inReplyToId === null,
  };
}

// CROSS JOIN below: SQLite then reads from left to right, whatever its statistics make of a post with more answers than all others.

/** What a post answers, and what that answers, from the nearest on: `limit` of them at most. Whoever made a circle of them gets one. */
export async function listAncestors(db: Db, viewer: Viewer, postId: number, limit: number): Promise<Place[]> {
  const columns = placeColumns(viewer);
  const rows = await db.all<PlaceRow & { step: number }>(
    `WITH RECURSIVE above (id, parent_id, step) AS (
       SELECT id, in_reply_to_id, 0 FROM post WHERE id = ?
       UNION ALL
       SELECT post.id, post.in_reply_to_id, above.step + 1 FROM above CROSS JOIN post WHERE post.id = above.parent_id AND above.step < ?
     )
     SELECT above.step, ${columns.sql} FROM above CROSS JOIN post WHERE post.id = above.id AND above.step > 0 ORDER BY above.step`,
    [postId, limit, ...columns.values],
  );
  return rows.map(({ step: _step, ...row }) => toPlace(row));
}

/** So many, or at least so many. */
export interface Count {
  n: number;
  isExact: boolean;
}

/** Where a list of answers goes on: behind this one. */
export type AnswerPosition = Pick<Place, 'id' | 'answerRank'>;

/** The place of `answerId` among the answers to `postId`. Undefined where it is none of them. */
export async function findAnswerPosition(
  db: Db,
  postId: number,
  answerId: number,
): Promise<AnswerPosition | undefined> {
  return db.get<AnswerPosition>('SELECT id, answer_rank FROM post WHERE id = ? AND in_reply_to_id = ?', [
    answerId,
    postId,
  ]);
}

/** Answers to a post, by rank, the oldest first: `limit` of them at most. */
export async function listAnswers(
  db: Db,
  viewer: Viewer,
  postId: number,
  page: { after: AnswerPosition | undefined; limit: number },
): Promise<Place[]> {
  const columns = placeColumns(viewer);
  const { answerRank, id } = page.after ?? { answerRank: 0, id: 0 };
  const rows = await db.all<PlaceRow>(
    `SELECT ${columns.sql} FROM post WHERE post.in_reply_to_id = ? AND (post.answer_rank, post.id) > (?, ?)
     ORDER BY post.answer_rank, post.id LIMIT ?`,
    [...columns.values, postId, answerRank, id, page.limit],
  );
  return rows.map(toPlace);
}

/** How many of the `limit` next answers to a post the viewer would see, and whether there are no others. */
export async function countAnswers(
  db: Db,
  viewer: Viewer,
  postId: number,
  { after, limit }: { after: AnswerPosition; limit: number },
): Promise<Count> {
  const visible = shownTo(viewer);
  const row = await db.get<{ n: number; looked: number }>(
    `SELECT count(*) AS looked, count(CASE WHEN post.deleted_at IS NULL AND ${visible.sql} THEN 1 END) AS n
     FROM (SELECT id FROM post WHERE in_reply_to_id = ? AND (answer_rank, id) > (?, ?) ORDER BY answer_rank, id LIMIT ?) AS answer
     CROSS JOIN post WHERE post.id = answer.id`,
    [...visible.values, postId, after.answerRank, after.id, limit],
  );
  return { n: row!.n, isExact: row!.looked < limit };
}

/** A place with its neighbours: the first answer to it, and the next one to what it answers. Either may not have been read. */
export interface LinkedPlace extends Place {
  /** Steps from one of the roots, to an answer or to the next answer. */
  step: number;
  childId: number | undefined;
  siblingId: number | undefined;
}

const firstAnswer = (post: string) =>
  `(SELECT child.id FROM post child WHERE child.in_reply_to_id = ${post}.id ORDER BY child.answer_rank, child.id LIMIT 1)`;
// In two halves, each of which has its end in the index; for a comparison of pairs SQLite looks through all of the rank.
const nextAnswer = (post: string) => `COALESCE(
  (SELECT peer.id FROM post peer WHERE peer.in_reply_to_id = ${post}.in_reply_to_id AND peer.answer_rank = ${post}.answer_rank
     AND peer.id > ${post}.id ORDER BY peer.id LIMIT 1),
  (SELECT peer.id FROM post peer WHERE peer.in_reply_to_id = ${post}.in_reply_to_id AND peer.answer_rank > ${post}.answer_rank
     ORDER BY peer.answer_rank, peer.id LIMIT 1))`;

/**
 * `roots` and what answers them, `limit` places at most, in the order of their steps: with each step every branch grows. A post leads on to
 * its first answer and to its neighbour only, so that a post with a million answers costs no more than another. What strangers have too
 * much of is followed down a line of answers, but not from one to the next.
 */
export async function walkAnswers(
  db: Db,
  viewer: Viewer,
  roots: readonly number[],
  limit: number,
): Promise<LinkedPlace[]> {
  if (roots.length === 0) return [];
  const columns = placeColumns(viewer);
  const wanted = list(roots);
  type Row = PlaceRow & { step: number; childId: number | null; siblingId: number | null };
  // The limit is inside: what is read of a recursive query is what is computed of it.
  const rows = await db.all<Row>(
    `WITH RECURSIVE walk (id, child_id, sibling_id, step) AS (
       SELECT post.id, ${firstAnswer('post')}, CAST(NULL AS BIGINT), 0 FROM post WHERE post.id ${wanted.sql}
       UNION ALL
       SELECT next.id, ${firstAnswer('next')}, ${nextAnswer('next')}, walk.step + 1
       FROM walk CROSS JOIN post next
       WHERE next.id IN (walk.child_id, walk.sibling_id) AND (next.answer_rank < ${FEW} OR next.id = walk.child_id)
     )
     SELECT place.step, place.child_id, place.sibling_id, ${columns.sql}
     FROM (SELECT * FROM walk LIMIT ?) AS place CROSS JOIN post WHERE post.id = place.id`,
    [...wanted.values, ...columns.values, limit],
  );
  return rows
    .map(({ step, childId, siblingId, ...row }) => ({
      ...toPlace(row),
      step,
      childId: childId ?? undefined,
      siblingId: siblingId ?? undefined,
    }))
    .sort((a, b) => a.step - b.step || a.answerRank - b.answerRank || a.id - b.id);
}

/** The rank of a remote account's next answer in a thread. */
export async function readAnswerRank(db: Db, accountId: number, threadId: number): Promise<AnswerRank> {
  const row = await db.get<{ answerRank: AnswerRank }>(
    `SELECT CASE
       WHEN EXISTS (SELECT 1 FROM follow WHERE target_id = ? AND accepted = 1 AND follower_is_local = 1) THEN 0
       WHEN EXISTS (SELECT 1 FROM post WHERE thread_id = ? AND account_id = ? LIMIT 1 OFFSET ?) THEN ${FEW}
       ELSE 1 END AS answer_rank`,
    [accountId, threadId, accountId, PLACES_OF_STRANGER - 1],
  );
  return row!.answerRank;
}

/** Rows in a stamp. More changes than these within a millisecond would be needed to hide one. */
const STAMPED = 64;

/**
 * Changes whenever a post of the thread that everybody sees does, or one is added: then it has the greatest version but for those of the
 * same millisecond, and is among the greatest few. So the stamp of a long thread costs no more than that of a short one. Restricted posts
 * change nothing that everybody sees. As text, for where a sum is more than a JavaScript number holds.
 */
export const threadStampSql = `SELECT count(*) || '-' || CAST(sum(version) AS TEXT) FROM (
  SELECT version FROM post WHERE thread_id = ? AND visibility IN ('public', 'unlisted') ORDER BY version DESC LIMIT ${STAMPED}) AS latest`;

/** The stamp of a thread, to be read before the thread is. */
export async function readThreadStamp(db: Db, threadId: number): Promise<string> {
  return (await db.get<{ thread: string | null }>(`SELECT (${threadStampSql}) AS thread`, [threadId]))?.thread ?? '';
}
