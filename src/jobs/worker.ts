import { randomUUID } from 'node:crypto';
import { type Ctx, inTransaction } from '#context.ts';
import type { JobHandler, JobRun } from '#jobs/handlers.ts';
import {
  claimJobs,
  type Claimed,
  failJob,
  finishJob,
  hasDueJob,
  type Job,
  type Lane,
  LEASE,
  lanes,
  MAX_ATTEMPTS,
  releaseJobs,
  renewLeases,
} from '#jobs/queue.ts';
import { describeError } from '#lib/log.ts';
import { createLoop, type Loop } from '#lib/loop.ts';

/** Jobs claimed at once. Local ones share a commit; network ones wait for others anyway. */
const BATCH: Record<Lane, number> = { local: 64, network: 16 };

export interface Worker {
  start(): void;
  /** Looks for work now: called after a commit that added some. */
  wake(): void;
  /** Takes no more jobs, waits up to `patience` milliseconds for those that run, and gives the rest back. */
  stop(patience: number): Promise<void>;
  /** Runs what is due until nothing is; for tests and the command line. */
  drain(): Promise<void>;
}

/** Runs jobs: one loop per lane. */
export function createWorker(ctx: Ctx, handlers: ReadonlyMap<string, JobHandler>): Worker {
  const worker = randomUUID();
  let claims = 0;
  // By claim, not by job: one that is emitted again while it runs may be running twice, of which only the newer has effects.
  const running: Record<Lane, Map<Claimed, Promise<void>>> = { local: new Map(), network: new Map() };
  const claimed = () => lanes.flatMap((lane) => [...running[lane].keys()]);
  /** The last job of each row of jobs that wait for each other. */
  const rows = new Map<string, Promise<void>>();
  const loops: Loop[] = lanes.map((lane) => createLoop(() => runBatch(lane), ctx.log));
  let renewal: NodeJS.Timeout | undefined;

  /** Claims and starts one batch. Returns whether there was any. */
  async function runBatch(lane: Lane): Promise<boolean> {
    const free = BATCH[lane] - running[lane].size;
    if (free <= 0) return Promise.race(running[lane].values()).then(() => true);
    const claim = { lane, leasedBy: `${worker}/${claims++}`, now: ctx.now(), limit: free };
    // Reading first: an idle worker takes no write lock.
    if (!(await hasDueJob(ctx.db, lane, claim.now))) return false;
    const jobs = await inTransaction(ctx, (tx) => claimJobs(tx.db, claim));
    const batch = jobs.map((job) => track(lane, job));
    // Local jobs go batch by batch, so that their transactions share a commit; network jobs never wait for the slowest.
    if (lane === 'local') await Promise.all(batch);
    return jobs.length > 0;
  }

  function track(lane: Lane, job: Job): Promise<void> {
    const work = runJob(job).finally(() => running[lane].delete(job));
    running[lane].set(job, work);
    return work;
  }

  async function runJob(job: Job): Promise<void> {
    try {
      // No failure was recorded at the last attempt, so it took the process with it: it must not do so for ever.
      if (job.attempt > MAX_ATTEMPTS) throw new Error('The process ended at the last attempt');
      const handler = handlers.get(job.handler);
      if (!handler) throw new Error(`No handler is called ${job.handler}`);
      await perform(job, handler.run(JSON.parse(job.payload)));
    } catch (error) {
      await fail(job, error);
    }
  }

  /** Prepares at once; applies when it is this job's turn. */
  async function perform(job: Job, { prepare, apply, order }: JobRun): Promise<void> {
    const row = order === undefined ? undefined : `${job.handler} ${order}`;
    const turn = row === undefined ? undefined : rows.get(row);
    const { promise: over, resolve: finish } = Promise.withResolvers<void>();
    if (row !== undefined) rows.set(row, over);
    try {
      const prepared = await prepare?.(ctx);
      await turn;
      const applied = inTransaction(ctx, async (tx) => {
        if (!(await finishJob(tx.db, job))) return;
        await apply?.(tx, prepared);
      });
      // Where transactions keep their order by themselves, the next one may share the commit.
      if (ctx.machinery.database.commitsInOrder) finish();
      await applied;
    } finally {
      finish();
      if (row !== undefined && rows.get(row) === over) rows.delete(row);
    }
  }

  async function fail(job: Job, error: unknown): Promise<void> {
    const message = describeError(error);
    try {
      const died = await inTransaction(ctx, (tx) => failJob(tx.db, job, { now: ctx.now(), error: message }));
      const level = died ? 'error' : 'warning';
      ctx.log[level]('Job {id} of {handler} failed at attempt {attempt}: {message}', {
        ...job,
        payload: undefined,
        message,
        died,
      });
    } catch (failure) {
      // The database itself fails: the lease runs out and the job comes back.
      ctx.log.error('Job {id} could not be put back: {message}', { id: job.id, message: String(failure) });
    }
  }

  async function settle(): Promise<void> {
    await Promise.all(lanes.flatMap((lane) => [...running[lane].values()]));
  }

  return {
    start() {
      for (const loop of loops) loop.start();
      renewal = setInterval(() => {
        const jobs = claimed();
        if (jobs.length === 0) return;
        inTransaction(ctx, (tx) => renewLeases(tx.db, jobs, ctx.now())).catch((error: unknown) => {
          ctx.log.warning('Leases of jobs could not be renewed: {message}', { message: String(error) });
        });
      }, LEASE / 3);
    },
    wake() {
      for (const loop of loops) loop.wake();
    },
    async stop(patience) {
      const stopped = Promise.all(loops.map((loop) => loop.stop())).then(() => settle());
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([stopped, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
      clearInterval(renewal);
      const left = claimed();
      if (left.length > 0) await inTransaction(ctx, (tx) => releaseJobs(tx.db, left, ctx.now()));
    },
    async drain() {
      let worked: boolean;
      do {
        worked = false;
        for (const lane of lanes) worked = (await runBatch(lane)) || worked;
        await settle();
      } while (worked);
    },
  };
}
