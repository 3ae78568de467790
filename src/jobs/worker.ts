import { randomUUID } from 'node:crypto';
import { type Ctx, inTransaction } from '#context.ts';
import { createCrowds } from '#jobs/crowds.ts';
import type { JobHandler, JobRun } from '#jobs/handlers.ts';
import {
  buryJob,
  claimJobs,
  type Claimed,
  finishJob,
  hasDueJob,
  type Job,
  type Lane,
  lanes,
  putBackJob,
  releaseJobs,
  renewLeases,
} from '#jobs/job-store.ts';
import { describeError } from '#lib/log.ts';
import { createBreather } from '#lib/breather.ts';
import { createLoop, type Loop } from '#lib/loop.ts';

/** How long a claimed job is left alone before another worker takes it (milliseconds). Renewed while its handler runs. */
export const LEASE = 60_000;

/** Pauses before the second, third, … attempt (milliseconds); after the last one the job is dead. */
const backOff = [5_000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000];
export const MAX_ATTEMPTS = backOff.length + 1;

/** Jobs claimed at once. Local ones share a commit; network ones wait for others anyway. */
const BATCH: Record<Lane, number> = { local: 64, network: 32 };

/** How long local jobs may keep everybody else waiting (milliseconds), but for a single one that takes longer. */
const TURN = 15;

export interface Worker {
  start(): void;
  /** Looks for work now: called after a commit that added some. */
  wake(): void;
  /** Takes no more jobs, waits up to `patience` milliseconds for those that run, and gives the rest back. */
  stop(patience: number): Promise<void>;
  /** Runs what is due until nothing is, or until it is stopped; for tests and the command line. */
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
  const crowds = createCrowds(BATCH.network);
  const breathe = createBreather(TURN);
  const loops: Loop[] = lanes.map((lane) => createLoop(() => runBatch(lane), ctx.log));
  let renewal: NodeJS.Timeout | undefined;
  let isStopping = false;
  let draining: Promise<void> | undefined;

  /** Claims and starts one batch. Returns whether there was any. */
  async function runBatch(lane: Lane): Promise<boolean> {
    const free = BATCH[lane] - running[lane].size;
    if (free <= 0) return Promise.race(running[lane].values()).then(() => true);
    const now = ctx.now();
    // Reading first: an idle worker takes no write lock.
    if (!(await hasDueJob(ctx.db, lane, now))) return false;
    const claim = { lane, leasedBy: `${worker}/${claims++}`, now, leasedUntil: now + LEASE, limit: free };
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
      if (job.lane === 'local') await breathe();
      await performInCrowd(job, handler.run(JSON.parse(job.payload)));
    } catch (error) {
      await fail(job, error);
    }
  }

  /** Performs a job unless enough of its crowd run: then it is put off, which is no failure. */
  async function performInCrowd(job: Job, run: JobRun): Promise<void> {
    const crowd = await run.crowd?.(ctx);
    if (crowd === undefined) return perform(job, run);
    const admitted = crowds.enter(crowd);
    if (typeof admitted === 'number') {
      const due = Math.ceil(ctx.now() + admitted);
      await inTransaction(ctx, (tx) => releaseJobs(tx.db, [job], due));
      setTimeout(wake, admitted).unref();
      return;
    }
    try {
      await perform(job, run);
    } finally {
      admitted.leave();
    }
  }

  /** Prepares at once; applies when it is this job's turn. */
  async function perform(job: Job, { prepare, apply, order }: JobRun): Promise<void> {
    const row = order === undefined ? undefined : `${job.handler} ${order}`;
    const turn = row === undefined ? undefined : rows.get(row);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    // One that fails while those before it are under way is over no sooner than they: whoever comes after it waits for them too.
    const finish = () => resolve(turn);
    if (row !== undefined) {
      rows.set(row, over);
      void over.then(() => rows.get(row) === over && rows.delete(row));
    }
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
    }
  }

  async function fail(job: Job, error: unknown): Promise<void> {
    const message = describeError(error);
    try {
      const died = await inTransaction(ctx, (tx) => putAway(tx, job, message));
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

  /** Puts a failed job back with a longer pause, or among the dead after the last attempt. Returns whether it died. */
  async function putAway(tx: Ctx, job: Job, error: string): Promise<boolean> {
    const pause = backOff[job.attempt - 1];
    if (pause !== undefined) {
      await putBackJob(tx.db, job, { due: tx.now() + pause, error });
      return false;
    }
    const died = await buryJob(tx.db, job, { now: tx.now(), error });
    if (died) await handlers.get(job.handler)?.afterDeath?.(tx);
    return died;
  }

  function wake(): void {
    for (const loop of loops) loop.wake();
  }

  async function settle(): Promise<void> {
    await Promise.all(lanes.flatMap((lane) => [...running[lane].values()]));
  }

  /** Runs batches until nothing is due, or until it is stopped. */
  async function workOff(): Promise<void> {
    let worked: boolean;
    do {
      worked = false;
      for (const lane of lanes) worked = (await runBatch(lane)) || worked;
      await settle();
    } while (worked && !isStopping);
  }

  return {
    start() {
      for (const loop of loops) loop.start();
      renewal = setInterval(() => {
        const jobs = claimed();
        if (jobs.length === 0) return;
        inTransaction(ctx, (tx) => renewLeases(tx.db, jobs, ctx.now() + LEASE)).catch((error: unknown) => {
          ctx.log.warning('Leases of jobs could not be renewed: {message}', { message: String(error) });
        });
      }, LEASE / 3);
    },
    wake,
    async stop(patience) {
      isStopping = true;
      // What a drain throws is for whoever drains.
      const drained = draining?.catch(() => {});
      const stopped = Promise.all([drained, ...loops.map((loop) => loop.stop())]).then(() => settle());
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([stopped, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
      clearInterval(renewal);
      const left = claimed();
      if (left.length > 0) await inTransaction(ctx, (tx) => releaseJobs(tx.db, left, ctx.now()));
    },
    drain: () => (draining = workOff()),
  };
}
