import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import { defineHandler, type JobHandler } from '#jobs/handlers.ts';
import {
  claimJobs,
  failJob,
  finishJob,
  insertJob,
  LEASE,
  MAX_ATTEMPTS,
  type NewJob,
  purgeDeadJobs,
  queueStatus,
  releaseJobs,
  renewLeases,
  retryDeadJobs,
} from '#jobs/queue.ts';
import { scheduleHandlers, startSchedule } from '#jobs/schedule.ts';
import { createWorker, type Worker } from '#jobs/worker.ts';
import { onEachDialect } from '../support/databases.ts';
import { createTestApp, type TestApp } from '../support/test-app.ts';

/** The behaviour of the queue, the same on both databases. */
onEachDialect('The job queue', (dialect) => {
  let app: TestApp;
  let ctx: Ctx;

  beforeAll(async () => {
    app = await createTestApp({ dialect });
    ctx = app.ctx;
    await write((tx) => tx.db.run('CREATE TABLE effect (job BIGINT NOT NULL, at BIGINT NOT NULL)'));
  });

  beforeEach(async () => {
    await write(async (tx) => {
      for (const table of ['effect', 'job', 'dead_job']) await tx.db.run(`DELETE FROM ${table}`);
    });
  });

  afterAll(() => app[Symbol.asyncDispose]());

  const write = <T>(fn: (tx: Ctx) => Promise<T>) => inTransaction(ctx, fn);
  const add = (job: Partial<NewJob> = {}) =>
    write(async (tx) => {
      const id = tx.ids.next();
      await insertJob(tx.db, {
        id,
        lane: 'local',
        handler: 'test',
        payload: JSON.stringify({ n: id }),
        due: tx.now(),
        createdAt: tx.now(),
        ...job,
      });
      return id;
    });
  const claim = (leasedBy: string, limit = 100) =>
    write((tx) => claimJobs(tx.db, { lane: 'local', leasedBy, now: tx.now(), limit }));
  const workerWith = (...handlers: JobHandler[]): Worker =>
    createWorker(ctx, new Map(handlers.map((handler) => [handler.name, handler])));
  const effects = async () =>
    (await ctx.db.all<{ job: number }>('SELECT job FROM effect ORDER BY at, job')).map((row) => row.job);
  const record = defineHandler<{ n: number }>('test', {
    apply: async (tx, { n }) => void (await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()])),
  });
  const jobs = () =>
    ctx.db.all<{ id: number; attempt: number; leasedBy: string | null; due: number }>(
      'SELECT id, attempt, leased_by, due FROM job ORDER BY id',
    );
  const dead = () =>
    ctx.db.all<{ id: number; attempt: number; lastError: string }>(
      'SELECT id, attempt, last_error FROM dead_job ORDER BY id',
    );

  test('runs every job that is due, once, and forgets it', async () => {
    const ids = [];
    for (let i = 0; i < 150; i++) ids.push(await add());
    await workerWith(record).drain();
    expect(await effects()).toEqual(ids);
    expect(await jobs()).toEqual([]);
  });

  test('applies jobs of one row in their order, however long each prepares', async () => {
    const applied: Record<string, number[]> = { a: [], b: [] };
    const ordered = defineHandler<{ row: string; n: number }, void>('ordered', {
      inOrderOf: ({ row }) => row,
      prepare: (_, { n }) => sleep((n * 7) % 5),
      apply: async (tx, { row, n }) => {
        await tx.db.get('SELECT 1 AS one');
        applied[row]!.push(n);
      },
    });
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    for (const n of numbers) {
      for (const row of ['a', 'b']) await add({ handler: 'ordered', payload: JSON.stringify({ row, n }) });
    }
    await workerWith(ordered).drain();
    expect(applied).toEqual({ a: numbers, b: numbers });
  });

  test('goes on in a row of jobs when one of them fails', async () => {
    const applied: number[] = [];
    const ordered = defineHandler<{ n: number }>('ordered', {
      inOrderOf: () => 'one row',
      apply: async (_, { n }) => {
        if (n === 1) throw new Error('not this one');
        applied.push(n);
      },
    });
    for (const n of [0, 1, 2]) await add({ handler: 'ordered', payload: JSON.stringify({ n }) });
    await workerWith(ordered).drain();
    expect(applied).toEqual([0, 2]);
  });

  test('leaves what is not due yet', async () => {
    const id = await add({ due: ctx.now() + 1_000 });
    const worker = workerWith(record);
    await worker.drain();
    expect(await effects()).toEqual([]);
    app.clock.advance(1_000);
    await worker.drain();
    expect(await effects()).toEqual([id]);
  });

  test('hands out the oldest first', async () => {
    const late = await add({ due: ctx.now() - 10 });
    const early = await add({ due: ctx.now() - 20 });
    await add();
    expect((await claim('a', 2)).map((job) => job.id)).toEqual([late, early]);
  });

  test('keeps the lanes apart', async () => {
    await add({ lane: 'network' });
    expect(await claim('a')).toEqual([]);
  });

  test('gives a job to one worker at a time, whoever asks at once', async () => {
    for (let i = 0; i < 60; i++) await add();
    const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => claim(`worker ${i}`, 10)));
    const ids = claims.flat().map((job) => job.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(claims.every((claimed) => claimed.length <= 10)).toBe(true);
    ids.push(...(await claim('last')).map((job) => job.id));
    expect(new Set(ids).size).toBe(60);
  });

  test('makes the effects of a job happen exactly once when its worker loses the lease meanwhile', async () => {
    const id = await add();
    let started = 0;
    const slow = defineHandler<{ n: number }>('test', {
      prepare: async () => {
        started++;
        // The first worker is held up for longer than its lease.
        if (started === 1) {
          app.clock.advance(LEASE + 1);
          await workerWith(record).drain();
        }
      },
      apply: async (tx, { n }) => void (await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()])),
    });
    await workerWith(slow).drain();
    expect(await effects()).toEqual([id]);
    expect(await jobs()).toEqual([]);
  });

  test('gives an abandoned job to somebody else once its lease is over, and not before', async () => {
    const id = await add();
    expect(await claim('crashed')).toHaveLength(1);
    app.clock.advance(LEASE - 1);
    expect(await claim('other')).toEqual([]);
    app.clock.advance(1);
    expect(await claim('other')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('leaves a job alone as long as its lease is renewed', async () => {
    await add();
    const mine = await claim('mine');
    for (let i = 0; i < 5; i++) {
      app.clock.advance(LEASE / 2);
      await write((tx) => renewLeases(tx.db, mine, tx.now()));
      expect(await claim('other')).toEqual([]);
    }
  });

  test('renews and releases only what is still this claim’s', async () => {
    await add();
    const lost = await claim('lost');
    app.clock.advance(LEASE);
    const won = await claim('won');
    await write((tx) => renewLeases(tx.db, lost, tx.now() + 1_000_000));
    await write((tx) => releaseJobs(tx.db, lost, tx.now()));
    expect(await write((tx) => finishJob(tx.db, lost[0]!))).toBe(false);
    expect(await write((tx) => failJob(tx.db, lost[0]!, { now: tx.now(), error: 'late' }))).toBe(false);
    expect(await jobs()).toMatchObject([{ leasedBy: 'won', due: ctx.now() + LEASE }]);
    expect(await write((tx) => finishJob(tx.db, won[0]!))).toBe(true);
  });

  test('gives back what a stop interrupts: due at once, and the attempt does not count', async () => {
    const id = await add();
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const stuck = workerWith(defineHandler('test', { prepare: () => held, apply: async () => void (await effects()) }));
    stuck.start();
    await expect.poll(async () => (await jobs())[0]?.leasedBy).not.toBe(null);
    await stuck.stop(20);
    expect(await jobs()).toMatchObject([{ id, attempt: 0, leasedBy: null, due: ctx.now() }]);
    await workerWith(record).drain();
    release();
    await sleep(20);
    expect(await effects()).toEqual([id]);
    expect(await jobs()).toEqual([]);
  });

  test('lets running jobs finish at a stop', async () => {
    const id = await add();
    const slow = defineHandler<{ n: number }>('test', {
      prepare: () => sleep(50),
      apply: async (tx, { n }) => void (await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()])),
    });
    const worker = workerWith(slow);
    worker.start();
    await expect.poll(async () => (await jobs())[0]?.leasedBy).not.toBe(null);
    await worker.stop(5_000);
    expect(await effects()).toEqual([id]);
  });

  test('undoes what a failing job did, and tries again after longer and longer pauses', async () => {
    const id = await add();
    const failing = workerWith(
      defineHandler<{ n: number }>('test', {
        async apply(tx, { n }) {
          await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()]);
          throw new Error('not today');
        },
      }),
    );
    const pauses: number[] = [];
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      await failing.drain();
      expect(await jobs()).toMatchObject([{ id, attempt, leasedBy: null }]);
      const pause = (await jobs())[0]!.due - ctx.now();
      pauses.push(pause);
      app.clock.advance(pause - 1);
      await failing.drain();
      expect((await jobs())[0]!.attempt).toBe(attempt);
      app.clock.advance(1);
    }
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses.reduce((sum, pause) => sum + pause)).toBeGreaterThan(24 * 3_600_000 * 0.8);
    await failing.drain();
    expect(await jobs()).toEqual([]);
    expect(await dead()).toMatchObject([
      { id, attempt: MAX_ATTEMPTS, lastError: expect.stringContaining('not today') },
    ]);
    expect(await effects()).toEqual([]);
  });

  test('does not let one failing job keep the others', async () => {
    const ids = [];
    for (let i = 0; i < 10; i++) ids.push(await add({ handler: i % 2 === 0 ? 'test' : 'bad' }));
    const bad = defineHandler('bad', { apply: () => Promise.reject(new Error('no')) });
    await workerWith(record, bad).drain();
    expect(await effects()).toEqual(ids.filter((_, i) => i % 2 === 0));
    expect(await jobs()).toHaveLength(5);
  });

  test('keeps jobs that nobody knows how to do, and ones whose payload is damaged, for later', async () => {
    await add({ handler: 'of a later version' });
    await add({ payload: '{' });
    await workerWith(record).drain();
    expect((await jobs()).map((job) => job.attempt)).toEqual([1, 1]);
  });

  test('buries a job that takes the process with it at every attempt', async () => {
    const id = await add();
    for (let crash = 1; crash <= MAX_ATTEMPTS; crash++) {
      expect(await claim(`crash ${crash}`)).toMatchObject([{ attempt: crash }]);
      app.clock.advance(LEASE);
    }
    await workerWith(record).drain();
    app.clock.advance(LEASE);
    await workerWith(record).drain();
    expect(await effects()).toEqual([]);
    expect(await dead()).toMatchObject([{ id }]);
  });

  test('brings the dead back, or forgets them', async () => {
    const [one, two, other] = [await add(), await add(), await add({ handler: 'other' })];
    const failing = ['test', 'other'].map((name) =>
      defineHandler(name, { apply: () => Promise.reject(new Error('no')) }),
    );
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      await workerWith(...failing).drain();
      app.clock.advance(24 * 3_600_000);
    }
    expect((await dead()).map((job) => job.id)).toEqual([one, two, other]);
    expect(await queueStatus(ctx.db)).toMatchObject([{ handler: 'other' }, { handler: 'test' }]);
    expect((await queueStatus(ctx.db)).map((row) => Number(row.dead))).toEqual([1, 2]);
    expect(await write((tx) => retryDeadJobs(tx.db, tx.now(), 'test'))).toBe(2);
    await workerWith(record).drain();
    expect(await effects()).toEqual([one, two]);
    expect(await write((tx) => purgeDeadJobs(tx.db))).toBe(1);
    expect(await dead()).toEqual([]);
  });

  test('counts what waits, runs and has failed', async () => {
    await add({ due: ctx.now() + 1 });
    await add();
    const [running] = await claim('a');
    await add();
    const [failed] = await claim('b');
    await write((tx) => failJob(tx.db, failed!, { now: tx.now(), error: 'no' }));
    expect(running).toBeDefined();
    const [row] = await queueStatus(ctx.db);
    expect([row!.waiting, row!.running, row!.retrying, row!.dead].map(Number)).toEqual([1, 1, 1, 0]);
  });

  test('replaces a waiting job with the same handler and key: the newest counts, when it says', async () => {
    await add({ key: 'k', payload: '{"n":1}' });
    await add({ key: 'k', payload: '{"n":2}', due: ctx.now() + 500 });
    await add({ key: 'other', payload: '{"n":3}' });
    const worker = workerWith(record);
    await worker.drain();
    expect(await effects()).toEqual([3]);
    app.clock.advance(500);
    await worker.drain();
    expect(await effects()).toEqual([3, 2]);
  });

  test('runs again what is emitted with the same key while it runs, and only the newest has effects', async () => {
    await add({ key: 'k', payload: '{"n":1}' });
    let emitted = false;
    const seen: number[] = [];
    const handler = defineHandler<{ n: number }>('test', {
      async prepare(_, { n }) {
        seen.push(n);
        if (emitted) return;
        emitted = true;
        await add({ key: 'k', payload: '{"n":2}' });
        // The same worker takes the newer one while the older still runs.
        await sleep(30);
      },
      apply: async (tx, { n }) => void (await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()])),
    });
    const worker = workerWith({ ...handler, lane: 'network' });
    await ctx.machinery.database.transaction((db) => db.run(`UPDATE job SET lane = 'network'`));
    worker.start();
    await expect.poll(effects).toEqual([2]);
    await worker.stop(1_000);
    expect(seen).toEqual([1, 2]);
    expect(await effects()).toEqual([2]);
    expect(await jobs()).toEqual([]);
  });

  test('does what recurs again and again, once per round whoever started it', async () => {
    let runs = 0;
    const scheduled = [{ name: 'sweep', every: 3_600_000, run: async () => void runs++ }];
    await startSchedule(ctx, scheduled);
    await startSchedule(ctx, scheduled);
    const worker = workerWith(...scheduleHandlers(scheduled));
    await worker.drain();
    expect(runs).toBe(0);
    for (let hour = 1; hour <= 3; hour++) {
      app.clock.advance(3_600_000);
      await worker.drain();
      expect(runs).toBe(hour);
    }
    await startSchedule(ctx, scheduled);
    expect(await jobs()).toHaveLength(1);
  });

  test('takes recurring work in bites until it says that it is done', async () => {
    let bites = 0;
    const scheduled = [{ name: 'sweep', every: 1_000, run: async () => ++bites % 3 !== 0 }];
    await startSchedule(ctx, scheduled);
    app.clock.advance(1_000);
    await workerWith(...scheduleHandlers(scheduled)).drain();
    expect(bites).toBe(3);
  });

  test('tries recurring work again after it failed', async () => {
    let runs = 0;
    const scheduled = [
      {
        name: 'sweep',
        every: 1_000,
        run: async () => {
          if (++runs === 1) throw new Error('no');
        },
      },
    ];
    await startSchedule(ctx, scheduled);
    const worker = workerWith(...scheduleHandlers(scheduled));
    app.clock.advance(1_000);
    await worker.drain();
    app.clock.advance(10_000);
    await worker.drain();
    expect(runs).toBe(2);
    expect(await jobs()).toHaveLength(1);
  });

  test('wakes up for what is added while it sleeps', async () => {
    const worker = workerWith(record);
    worker.start();
    const id = await add();
    worker.wake();
    await expect.poll(effects, { timeout: 2_000 }).toEqual([id]);
    await worker.stop(1_000);
  });

  test('holds an event exactly if the transaction that emitted it commits', async () => {
    const event = { type: 'post.fan-out', postId: 1, afterFollowerId: 0 } as const;
    await write((tx) => tx.emit(event));
    await write(async (tx) => {
      await tx.emit(event);
      throw new Error('no');
    }).catch(() => {});
    expect(await jobs()).toHaveLength(1);
    await expect(ctx.emit(event)).rejects.toThrow('in a transaction');
  });

  test('holds an event that is emitted for later, and moves one that has a key', async () => {
    const event = { type: 'post.fan-out', postId: 1, afterFollowerId: 0 } as const;
    await write((tx) => tx.emit(event, { at: 5, key: 'poll' }));
    await write((tx) => tx.emit(event, { at: 7, key: 'poll' }));
    expect((await jobs()).map((job) => job.due)).toEqual([7]);
  });
});
