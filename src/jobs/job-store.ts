import { type Db, list } from '#db/database.ts';

/**
 * Lanes keep work of different speed apart: `local` jobs touch only the database and are grouped; `network` jobs wait for other servers.
 */
export const lanes = ['local', 'network'] as const;
export type Lane = (typeof lanes)[number];

export interface Job {
  id: number;
  lane: Lane;
  handler: string;
  /** JSON. */
  payload: string;
  attempt: number;
  /** Names the claim: a job that is claimed again, be it by the same worker, is another claim's. */
  leasedBy: string;
}

export interface NewJob {
  id: number;
  lane: Lane;
  handler: string;
  payload: string;
  /** Epoch ms. */
  due: number;
  key?: string | undefined;
  createdAt: number;
}

/** Adds a job. One with the same handler and key that waits or runs is replaced, so that the newest counts and is run (again). */
export async function insertJob(db: Db, job: NewJob): Promise<void> {
  await db.run(
    `INSERT INTO job (id, lane, handler, payload, unique_key, due, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (handler, unique_key) WHERE unique_key IS NOT NULL
     DO UPDATE SET payload = excluded.payload, due = excluded.due, attempt = 0, leased_by = NULL`,
    [job.id, job.lane, job.handler, job.payload, job.key, job.due, job.createdAt],
  );
}

/** Adds a job unless one with its handler and key is there. */
export async function insertJobOnce(db: Db, job: NewJob): Promise<void> {
  await db.run(
    `INSERT INTO job (id, lane, handler, payload, unique_key, due, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (handler, unique_key) WHERE unique_key IS NOT NULL DO NOTHING`,
    [job.id, job.lane, job.handler, job.payload, job.key, job.due, job.createdAt],
  );
}

export async function hasDueJob(db: Db, lane: Lane, now: number): Promise<boolean> {
  return (await db.get('SELECT 1 AS due FROM job WHERE lane = ? AND due <= ? LIMIT 1', [lane, now])) !== undefined;
}

export interface Claim {
  lane: Lane;
  /** New with every claim: it is what makes the jobs this claim's. */
  leasedBy: string;
  /** Epoch ms. */
  now: number;
  /** When others may take what is neither finished nor renewed by then (epoch ms). */
  leasedUntil: number;
  limit: number;
}

/** Leases up to `limit` due jobs of a lane, oldest first. */
export async function claimJobs(db: Db, claim: Claim): Promise<Job[]> {
  // Materialised, because PostgreSQL may run a sub-select with a limit once per row, and so claim more than the limit.
  const jobs = await db.all<Job>(
    `WITH ready AS MATERIALIZED (SELECT id FROM job WHERE lane = ? AND due <= ? ORDER BY due, id LIMIT ? ${db.skipLocked})
     UPDATE job SET due = ?, leased_by = ?, attempt = attempt + 1 WHERE id IN (SELECT id FROM ready)
     RETURNING id, lane, handler, payload, attempt, leased_by`,
    [claim.lane, claim.now, claim.limit, claim.leasedUntil, claim.leasedBy],
  );
  return jobs.sort((a, b) => a.id - b.id);
}

/** Deletes a finished job. False when it is no longer this claim's: its lease ran out, or it was emitted again meanwhile. */
export async function finishJob(db: Db, job: Claimed): Promise<boolean> {
  return (await db.run('DELETE FROM job WHERE id = ? AND leased_by = ?', [job.id, job.leasedBy])) > 0;
}

export type Claimed = Pick<Job, 'id' | 'leasedBy'>;

export async function renewLeases(db: Db, jobs: readonly Claimed[], leasedUntil: number): Promise<void> {
  const { sql, values } = ours(jobs);
  await db.run(`UPDATE job SET due = ? WHERE ${sql}`, [leasedUntil, ...values]);
}

/** Gives jobs back unfinished, due at `due` (epoch ms); the attempt does not count. */
export async function releaseJobs(db: Db, jobs: readonly Claimed[], due: number): Promise<void> {
  const { sql, values } = ours(jobs);
  await db.run(`UPDATE job SET due = ?, leased_by = NULL, attempt = attempt - 1 WHERE ${sql}`, [due, ...values]);
}

/** The rows of `jobs` that are still their claims'. */
function ours(jobs: readonly Claimed[]): ReturnType<typeof list> {
  const ids = list(jobs.map((job) => job.id));
  const claims = list([...new Set(jobs.map((job) => job.leasedBy))]);
  return { sql: `id ${ids.sql} AND leased_by ${claims.sql}`, values: [...ids.values, ...claims.values] };
}

/** Characters of an error that are kept. */
const ERROR_LENGTH = 2_000;

/** Puts a failed job back for another attempt at `due` (epoch ms), if it is still this claim's. */
export async function putBackJob(db: Db, job: Claimed, { due, error }: { due: number; error: string }): Promise<void> {
  await db.run('UPDATE job SET due = ?, leased_by = NULL, last_error = ? WHERE id = ? AND leased_by = ?', [
    due,
    error.slice(0, ERROR_LENGTH),
    job.id,
    job.leasedBy,
  ]);
}

/** Puts a job among the dead. False when it is no longer this claim's. */
export async function buryJob(db: Db, job: Claimed, { now, error }: { now: number; error: string }): Promise<boolean> {
  await db.run(
    `INSERT INTO dead_job (id, lane, handler, payload, attempt, last_error, created_at, died_at)
     SELECT id, lane, handler, payload, attempt, CAST(? AS TEXT), created_at, CAST(? AS BIGINT) FROM job WHERE id = ? AND leased_by = ?`,
    [error.slice(0, ERROR_LENGTH), now, job.id, job.leasedBy],
  );
  return finishJob(db, job);
}

export interface QueueStatus {
  handler: string;
  waiting: number;
  running: number;
  /** Failed at least once and waiting for another attempt. */
  retrying: number;
  dead: number;
  /** When the last of the dead died (epoch ms). */
  diedAt: number | undefined;
  /** Why the last of the dead died; where none did, why one is tried again. */
  lastError: string | undefined;
}

/** What there is of each handler that has any job, dead or alive. */
export async function queueStatus(db: Db): Promise<QueueStatus[]> {
  const rows = await db.all<Record<keyof QueueStatus, never>>(
    `WITH counted AS (
       SELECT id, handler, last_error, 0 AS died_at,
         CASE WHEN leased_by IS NOT NULL THEN 'running' WHEN attempt = 0 THEN 'waiting' ELSE 'retrying' END AS state FROM job
       UNION ALL SELECT id, handler, last_error, died_at, 'dead' FROM dead_job
     ), failed AS (
       SELECT handler, last_error, died_at, row_number() OVER (PARTITION BY handler ORDER BY died_at DESC, id DESC) AS place
       FROM counted WHERE last_error IS NOT NULL
     )
     SELECT counted.handler, count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running,
       count(*) FILTER (WHERE state = 'retrying') AS retrying, count(*) FILTER (WHERE state = 'dead') AS dead,
       NULLIF(max(counted.died_at), 0) AS died_at, max(failed.last_error) AS last_error
     FROM counted LEFT JOIN failed ON failed.handler = counted.handler AND failed.place = 1
     GROUP BY counted.handler ORDER BY counted.handler`,
  );
  return rows.map((row) => ({ ...row, diedAt: row.diedAt ?? undefined, lastError: row.lastError ?? undefined }));
}

/** When the oldest job that nobody works on fell due (epoch ms). */
export async function oldestDue(db: Db, now: number): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>('SELECT min(due) AS due FROM job WHERE due <= ?', [now]);
  return row?.due ?? undefined;
}

/**
 * Brings up to `limit` dead jobs back to life, of all handlers or of one. Returns how many. Exactly those that it found: one that dies
 * meanwhile stays among the dead.
 */
export async function reviveDeadJobs(
  db: Db,
  { now, limit, handler = '' }: { now: number; limit: number; handler?: string | undefined },
): Promise<number> {
  const rows = await db.all<{ id: number }>(
    `SELECT id FROM dead_job WHERE handler = ? OR ? = '' ORDER BY id LIMIT ? ${db.forUpdate}`,
    [handler, handler, limit],
  );
  const found = list(rows.map((row) => row.id));
  await db.run(
    `INSERT INTO job (id, lane, handler, payload, due, created_at)
     SELECT id, lane, handler, payload, CAST(? AS BIGINT), created_at FROM dead_job WHERE id ${found.sql}`,
    [now, ...found.values],
  );
  return db.run(`DELETE FROM dead_job WHERE id ${found.sql}`, found.values);
}

/** Forgets dead jobs, of all handlers or of one. Returns how many. */
export async function purgeDeadJobs(db: Db, handler = ''): Promise<number> {
  return db.run("DELETE FROM dead_job WHERE handler = ? OR ? = ''", [handler, handler]);
}

/** Forgets up to `limit` jobs that died before `before` (epoch ms). Returns how many. */
export async function deleteDeadJobs(db: Db, before: number, limit: number): Promise<number> {
  return db.run(
    'DELETE FROM dead_job WHERE id IN (SELECT id FROM dead_job WHERE died_at < ? ORDER BY died_at LIMIT ?)',
    [before, limit],
  );
}
