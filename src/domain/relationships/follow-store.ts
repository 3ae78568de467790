import { type Db, list } from '#db/database.ts';

/** `followerId` follows (or asks to follow) `targetId`. */
export interface Follow {
  id: number;
  followerId: number;
  targetId: number;
  /** Id of the Follow activity. */
  uri: string;
  accepted: boolean;
  createdAt: number;
}

const columns = 'id, follower_id, target_id, uri, accepted, created_at';
type FollowRow = Omit<Follow, 'accepted'> & { accepted: number };

function toFollow(row: FollowRow): Follow {
  return { ...row, accepted: Boolean(row.accepted) };
}

export async function findFollow(db: Db, followerId: number, targetId: number): Promise<Follow | undefined> {
  const row = await db.get<FollowRow>(`SELECT ${columns} FROM follow WHERE follower_id = ? AND target_id = ?`, [
    followerId,
    targetId,
  ]);
  return row && toFollow(row);
}

export async function findFollowById(db: Db, id: number): Promise<Follow | undefined> {
  const row = await db.get<FollowRow>(`SELECT ${columns} FROM follow WHERE id = ?`, [id]);
  return row && toFollow(row);
}

export async function findFollowByUri(db: Db, uri: string): Promise<Follow | undefined> {
  const row = await db.get<FollowRow>(`SELECT ${columns} FROM follow WHERE uri = ?`, [uri]);
  return row && toFollow(row);
}

export async function insertFollow(db: Db, follow: Follow & { followerIsLocal: boolean }): Promise<void> {
  await db.run(`INSERT INTO follow (${columns}, follower_is_local) VALUES (?, ?, ?, ?, ?, ?, ?)`, [
    follow.id,
    follow.followerId,
    follow.targetId,
    follow.uri,
    follow.accepted,
    follow.createdAt,
    follow.followerIsLocal,
  ]);
}

/** A Follow sent again under another id: answers to either must find it, so the newest wins. */
export async function updateFollowUri(db: Db, id: number, uri: string): Promise<void> {
  await db.run('UPDATE follow SET uri = ? WHERE id = ?', [uri, id]);
}

export async function acceptFollowRow(db: Db, id: number): Promise<boolean> {
  return (await db.run('UPDATE follow SET accepted = 1 WHERE id = ? AND accepted = 0', [id])) > 0;
}

export async function deleteFollowRow(db: Db, id: number): Promise<boolean> {
  return (await db.run('DELETE FROM follow WHERE id = ?', [id])) > 0;
}

/** Whether the account follows or is followed, or asks or is asked. */
export async function hasFollows(db: Db, accountId: number): Promise<boolean> {
  const found = await db.get(
    'SELECT 1 AS found FROM follow WHERE follower_id = ? UNION ALL SELECT 1 AS found FROM follow WHERE target_id = ? LIMIT 1',
    [accountId, accountId],
  );
  return found !== undefined;
}

/** Whether anybody here follows `accountId`. */
export async function hasLocalFollower(db: Db, accountId: number): Promise<boolean> {
  const found = await db.get(
    'SELECT 1 AS found FROM follow WHERE target_id = ? AND accepted = 1 AND follower_is_local = 1 LIMIT 1',
    [accountId],
  );
  return found !== undefined;
}

/** Accounts of a host that are looked at: strangers make as many as they like, and nobody is answered meanwhile. */
const ACCOUNTS_LIMIT = 2_000;

/** Whether anybody here follows an account of one of these hosts, or is followed by one. */
export async function hasFollowWithHosts(db: Db, hosts: readonly string[]): Promise<boolean> {
  const wanted = list(hosts);
  const found = await db.get(
    `SELECT 1 AS found FROM (SELECT id FROM account WHERE host ${wanted.sql} LIMIT ?) AS met
     WHERE EXISTS (SELECT 1 FROM follow WHERE target_id = met.id AND accepted = 1)
       OR EXISTS (SELECT 1 FROM follow WHERE follower_id = met.id AND accepted = 1) LIMIT 1`,
    [...wanted.values, ACCOUNTS_LIMIT],
  );
  return found !== undefined;
}

/** Accounts that follow `accountId`, newest first; `before` is a follow's id. */
export async function listFollowers(db: Db, accountId: number, page: FollowPage): Promise<Follow[]> {
  const rows = await db.all<FollowRow>(
    `SELECT ${columns} FROM follow WHERE target_id = ? AND accepted = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    [accountId, page.accepted ?? true, page.before ?? Number.MAX_SAFE_INTEGER, page.limit],
  );
  return rows.map(toFollow);
}

export async function listFollowing(db: Db, accountId: number, page: FollowPage): Promise<Follow[]> {
  const rows = await db.all<FollowRow>(
    `SELECT ${columns} FROM follow WHERE follower_id = ? AND accepted = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    [accountId, page.accepted ?? true, page.before ?? Number.MAX_SAFE_INTEGER, page.limit],
  );
  return rows.map(toFollow);
}

export interface FollowPage {
  limit: number;
  before?: number | undefined;
  /** False lists the requests. */
  accepted?: boolean;
}

/** Deletes up to `limit` follows and requests by or of `accountId`, and returns them: counters are left as they are. */
export async function deleteFollowsOf(db: Db, accountId: number, limit: number): Promise<Follow[]> {
  const rows = await db.all<FollowRow>(
    `WITH gone AS MATERIALIZED (
       SELECT id FROM follow WHERE follower_id = ? UNION ALL SELECT id FROM follow WHERE target_id = ? LIMIT ?)
     DELETE FROM follow WHERE id IN (SELECT id FROM gone) RETURNING ${columns}`,
    [accountId, accountId, limit],
  );
  return rows.map(toFollow);
}
