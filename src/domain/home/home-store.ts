import type { Db } from '#db/database.ts';

/** Rows of one home timeline that are kept: older ones are pruned. */
export const HOME_LIMIT = 800;

/** What is shown to whoever follows its author, and decides to which of them: a post, or a reblog. */
export interface Arrival {
  id: number;
  accountId: number;
  visibility: 'public' | 'unlisted' | 'followers' | 'direct';
  inReplyToUri: string | undefined;
  inReplyToAccountId: number | undefined;
}

/**
 * Puts a post into the home timelines of up to `limit` local followers of its author with ids above `after`. Answers reach those who
 * follow both sides (or wrote the post answered to); direct messages only those they name. Returns the last follower's id while there may
 * be more.
 */
export async function insertIntoHomes(
  db: Db,
  post: Arrival,
  after: number,
  limit: number,
): Promise<number | undefined> {
  const isReply = post.inReplyToUri !== undefined && post.inReplyToAccountId !== post.accountId;
  const chunk = `SELECT follower_id FROM follow WHERE target_id = ? AND accepted = 1 AND follower_is_local = 1 AND follower_id > ?
    ORDER BY follower_id LIMIT ?`;
  const conditions: string[] = [];
  const values: (number | undefined)[] = [];
  if (isReply) {
    conditions.push(
      '(follower_id = ? OR EXISTS (SELECT 1 FROM follow other WHERE other.follower_id = chunk.follower_id AND other.target_id = ? AND other.accepted = 1))',
    );
    values.push(post.inReplyToAccountId ?? 0, post.inReplyToAccountId ?? 0);
  }
  if (post.visibility === 'direct') {
    conditions.push(
      'EXISTS (SELECT 1 FROM mention WHERE mention.post_id = ? AND mention.account_id = chunk.follower_id)',
    );
    values.push(post.id);
  }
  await db.run(
    `INSERT INTO home (account_id, post_id) SELECT follower_id, CAST(? AS BIGINT) FROM (${chunk}) AS chunk
     WHERE ${conditions.length > 0 ? conditions.join(' AND ') : '1 = 1'} ON CONFLICT DO NOTHING`,
    [post.id, post.accountId, after, limit, ...values],
  );
  const last = await db.get<{ followerId: number }>(
    `SELECT follower_id FROM follow WHERE target_id = ? AND accepted = 1 AND follower_is_local = 1 AND follower_id > ?
     ORDER BY follower_id LIMIT 1 OFFSET ?`,
    [post.accountId, after, limit - 1],
  );
  return last?.followerId;
}

export async function insertIntoHome(db: Db, accountId: number, postId: number): Promise<void> {
  await db.run('INSERT INTO home (account_id, post_id) VALUES (?, ?) ON CONFLICT DO NOTHING', [accountId, postId]);
}

/** Takes the posts of somebody no longer followed out of a home timeline. */
export async function deleteHomePostsOf(db: Db, accountId: number, authorId: number): Promise<void> {
  await db.run(
    'DELETE FROM home WHERE account_id = ? AND EXISTS (SELECT 1 FROM post WHERE post.id = home.post_id AND post.account_id = ?)',
    [accountId, authorId],
  );
}

/** Cuts the homes of local accounts above `after` back to the limit. Returns the last account looked at, undefined at the end. */
export async function pruneHomes(db: Db, after: number, accounts: number): Promise<number | undefined> {
  const users = await db.all<{ accountId: number }>(
    'SELECT account_id FROM "user" WHERE account_id > ? ORDER BY account_id LIMIT ?',
    [after, accounts],
  );
  for (const { accountId } of users) {
    await db.run(
      `DELETE FROM home WHERE account_id = ? AND post_id <= (
         SELECT post_id FROM home WHERE account_id = ? ORDER BY post_id DESC LIMIT 1 OFFSET ${HOME_LIMIT})`,
      [accountId, accountId],
    );
  }
  return users.length === accounts ? users.at(-1)!.accountId : undefined;
}

/** Deletes up to `limit` rows of one home timeline. Returns how many. */
export async function deleteHomeOf(db: Db, accountId: number, limit: number): Promise<number> {
  return db.run(
    `WITH gone AS MATERIALIZED (SELECT post_id FROM home WHERE account_id = ? LIMIT ?)
     DELETE FROM home WHERE account_id = ? AND post_id IN (SELECT post_id FROM gone)`,
    [accountId, limit, accountId],
  );
}
