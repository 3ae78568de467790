import type { Ctx } from '#context.ts';
import { deleteDeadJobs } from '#jobs/job-store.ts';

/** Milliseconds in which the operator may see why a job died, and have it tried again. */
const DEAD_KEPT = 30 * 24 * 3_600_000;
const BITE = 500;

/** Forgets jobs that died long ago: strangers can have some of them fail. Returns whether there may be more. */
export async function pruneDeadJobs(tx: Ctx): Promise<boolean> {
  return (await deleteDeadJobs(tx.db, tx.now() - DEAD_KEPT, BITE)) === BITE;
}
