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

/** How long a claimed job is left alone before another worker takes it (milliseconds). Renewed while its handler runs. */
export const LEASE = 60_000;

/** Pauses before the second, third, … attempt (milliseconds); after the last one the job is dead. */
const backOff = [5_000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000];
export const MAX_ATTEMPTS = backOff.length + 1;

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

/** Leases up to `limit` due jobs of `lane`, oldest first. `claim.leasedBy` must be new: it is what makes them this claim's. */
export async function claimJobs(
  db: Db,
  claim: { lane: Lane; leasedBy: string; now: number; limit: number },
): Promise<Job[]> {
  // Materialised, because PostgreSQL may run a sub-select with a limit once per row, and so claim more than the limit.
  const jobs = await db.all<Job>(
    `WITH ready AS MATERIALIZED (SELECT id FROM job WHERE lane = ? AND due <= ? ORDER BY due, id LIMIT ? ${db.skipLocked})
     UPDATE job SET due = ?, leased_by = ?, attempt = attempt + 1 WHERE id IN (SELECT id FROM ready)
     RETURNING id, lane, handler, payload, attempt, leased_by`,
    [claim.lane, claim.now, claim.limit, claim.now + LEASE, claim.leasedBy],
  );
  return jobs.sort((a, b) => a.id - b.id);
}

/** Deletes a finished job. False when it is no longer this claim's: its lease ran out, or it was emitted again meanwhile. */
export async function finishJob(db: Db, job: Claimed): Promise<boolean> {
  return (await db.run('DELETE FROM job WHERE id = ? AND leased_by = ?', [job.id, job.leasedBy])) > 0;
}

export type Claimed = Pick<Job, 'id' | 'leasedBy'>;

export async function renewLeases(db: Db, jobs: readonly Claimed[], now: number): Promise<void> {
  const { sql, values } = ours(jobs);
  await db.run(`UPDATE job SET due = ? WHERE ${sql}`, [now + LEASE, ...values]);
}

/** Gives jobs back unfinished, as at a stop: due at once, and the attempt does not count. */
export async function releaseJobs(db: Db, jobs: readonly Claimed[], now: number): Promise<void> {
  const { sql, values } = ours(jobs);
  await db.run(`UPDATE job SET due = ?, leased_by = NULL, attempt = attempt - 1 WHERE ${sql}`, [now, ...values]);
}

/** The rows of `jobs` that are still their claims'. */
function ours(jobs: readonly Claimed[]): ReturnType<typeof list> {
  const ids = list(jobs.map((job) => job.id));
  const claims = list([...new Set(jobs.map((job) => job.leasedBy))]);
  return { sql: `id ${ids.sql} AND leased_by ${claims.sql}`, values: [...ids.values, ...claims.values] };
}

/** Puts a failed job back with a longer pause, or among the dead after the last attempt. Returns whether it died. */
export async function failJob(db: Db, job: Job, failure: { now: number; error: string }): Promise<boolean> {
  const error = failure.error.slice(0, 2_000);
  const pause = backOff[job.attempt - 1];
  if (pause !== undefined) {
    await db.run('UPDATE job SET due = ?, leased_by = NULL, last_error = ? WHERE id = ? AND leased_by = ?', [
      failure.now + pause,
      error,
      job.id,
      job.leasedBy,
    ]);
    return false;
  }
  await db.run(
    `INSERT INTO dead_job (id, lane, handler, payload, attempt, last_error, created_at, died_at)
     SELECT id, lane, handler, payload, attempt, CAST(? AS TEXT), created_at, CAST(? AS BIGINT) FROM job WHERE id = ? AND leased_by = ?`,
    [error, failure.now, job.id, job.leasedBy],
  );
  await finishJob(db, job);
  return true;
}

export interface QueueStatus {
  handler: string;
  waiting: number;
  running: number;
  /** Failed at least once and waiting for another attempt. */
  retrying: number;
  dead: number;
}

export async function queueStatus(db: Db): Promise<QueueStatus[]> {
  return db.all<QueueStatus>(
    `SELECT handler, sum(waiting) AS waiting, sum(running) AS running, sum(retrying) AS retrying, sum(dead) AS dead FROM (
       SELECT handler, CASE WHEN leased_by IS NULL AND attempt = 0 THEN 1 ELSE 0 END AS waiting,
         CASE WHEN leased_by IS NOT NULL THEN 1 ELSE 0 END AS running,
         CASE WHEN leased_by IS NULL AND attempt > 0 THEN 1 ELSE 0 END AS retrying, 0 AS dead FROM job
       UNION ALL SELECT handler, 0, 0, 0, 1 FROM dead_job
     ) AS counted GROUP BY handler ORDER BY handler`,
  );
}

/** When the oldest job that nobody works on fell due (epoch ms). */
export async function oldestDue(db: Db, now: number): Promise<number | undefined> {
  const row = await db.get<{ due: number | null }>('SELECT min(due) AS due FROM job WHERE due <= ?', [now]);
  return row?.due ?? undefined;
}

/** Brings dead jobs back to life, all or those of one handler. Returns how many. */
export async function retryDeadJobs(db: Db, now: number, handler?: string): Promise<number> {
  const only = handler ?? '';
  const revived = await db.run(
    `INSERT INTO job (id, lane, handler, payload, due, created_at)
     SELECT id, lane, handler, payload, CAST(? AS BIGINT), created_at FROM dead_job WHERE handler = ? OR ? = ''`,
    [now, only, only],
  );
  await purgeDeadJobs(db, handler);
  return revived;
}

export async function purgeDeadJobs(db: Db, handler?: string): Promise<number> {
  const only = handler ?? '';
  return db.run("DELETE FROM dead_job WHERE handler = ? OR ? = ''", [only, only]);
}
