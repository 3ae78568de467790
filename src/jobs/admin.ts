import { type Ctx, inTransaction } from '#context.ts';
import { countProcesses } from '#db/process-slot.ts';
import { purgeDeadJobs, type QueueStatus, queueStatus, reviveDeadJobs } from '#jobs/job-store.ts';

/** Dead jobs brought back in one transaction: it holds the write lock. */
const BITE = 500;

/** What the operator sees of the queue and may do to it. */
export interface QueueAdmin {
  /** Jobs that this process added and committed. */
  added(): number;
  /** Servers that work on the queue at the moment; one that crashed counts until its slot's lease ends. */
  workers(): Promise<number>;
  status(): Promise<QueueStatus[]>;
  /** Brings dead jobs back, all or those of one handler. Returns how many. */
  retry(handler?: string): Promise<number>;
  /** Forgets dead jobs. Returns how many. */
  purge(handler?: string): Promise<number>;
}

export function createQueueAdmin(ctx: Ctx, added: () => number): QueueAdmin {
  return {
    added,
    // Leases go by real time.
    workers: () => countProcesses(ctx.db, 'worker', Date.now()),
    status: () => queueStatus(ctx.db),
    async retry(handler) {
      let revived = 0;
      for (let bite = BITE; bite === BITE; revived += bite)
        bite = await inTransaction(ctx, (tx) => reviveDeadJobs(tx.db, { now: tx.now(), limit: BITE, handler }));
      return revived;
    },
    purge: (handler) => inTransaction(ctx, (tx) => purgeDeadJobs(tx.db, handler)),
  };
}
