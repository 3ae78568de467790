import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import { createQueueAdmin } from '#jobs/admin.ts';
import { defineHandler, type JobHandler } from '#jobs/handlers.ts';
import {
  buryJob,
  claimJobs,
  finishJob,
  insertJob,
  type NewJob,
  purgeDeadJobs,
  putBackJob,
  queueStatus,
  releaseJobs,
  renewLeases,
  reviveDeadJobs,
} from '#jobs/job-store.ts';
import { scheduleHandlers, startSchedule } from '#jobs/schedule.ts';
import { createWorker, LEASE, MAX_ATTEMPTS, type Worker } from '#jobs/worker.ts';
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
    write((tx) => claimJobs(tx.db, { lane: 'local', leasedBy, now: tx.now(), leasedUntil: tx.now() + LEASE, limit }));
  /** Runs what is due, however often it takes until it works or is given up. */
  const runToDeath = async (...handlers: JobHandler[]) => {
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      await workerWith(...handlers).drain();
      app.clock.advance(24 * 3_600_000);
    }
  };
  const admin = () => createQueueAdmin(ctx, () => 0);
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

  test('keeps the order of a row whose middle fails while the first still prepares', async () => {
    const applied: number[] = [];
    const first = Promise.withResolvers<void>();
    const ordered = defineHandler<{ n: number }, void>('ordered', {
      lane: 'network',
      inOrderOf: () => 'one row',
      prepare: async (_, { n }) => {
        if (n === 0) await first.promise;
        if (n === 1) throw new Error('not this one');
      },
      apply: async (_, { n }) => void applied.push(n),
    });
    const addNumber = (n: number) => add({ lane: 'network', handler: 'ordered', payload: JSON.stringify({ n }) });
    await addNumber(0);
    await addNumber(1);
    const worker = workerWith(ordered);
    worker.start();
    try {
      await expect.poll(async () => (await jobs()).filter((job) => job.leasedBy === null)).toHaveLength(1);
      // It comes when the second is over, and waits for the first all the same.
      await addNumber(2);
      worker.wake();
      await expect.poll(async () => (await jobs()).filter((job) => job.leasedBy !== null)).toHaveLength(2);
      await sleep(20);
      expect(applied).toEqual([]);
      first.resolve();
      await expect.poll(() => applied).toEqual([0, 2]);
    } finally {
      first.resolve();
      await worker.stop(5_000);
    }
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
    const slow = defineHandler<{ n: number }, void>('test', {
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
      await write((tx) => renewLeases(tx.db, mine, tx.now() + LEASE));
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
    await write((tx) => putBackJob(tx.db, lost[0]!, { due: tx.now() + 1_000_000, error: 'late' }));
    expect(await write((tx) => buryJob(tx.db, lost[0]!, { now: tx.now(), error: 'late' }))).toBe(false);
    expect(await dead()).toEqual([]);
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
    const release = Promise.withResolvers<void>();
    const slow = defineHandler<{ n: number }, void>('test', {
      prepare: () => release.promise,
      apply: async (tx, { n }) => void (await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()])),
    });
    const worker = workerWith(slow);
    worker.start();
    await expect.poll(async () => (await jobs())[0]?.leasedBy).not.toBe(null);
    const stopped = worker.stop(60_000);
    release.resolve();
    await stopped;
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
    await runToDeath(
      ...['test', 'other'].map((name) => defineHandler(name, { apply: () => Promise.reject(new Error('no')) })),
    );
    expect((await dead()).map((job) => job.id)).toEqual([one, two, other]);
    expect(await queueStatus(ctx.db)).toMatchObject([
      { handler: 'other', dead: 1 },
      { handler: 'test', dead: 2 },
    ]);
    expect(await admin().retry('test')).toBe(2);
    await workerWith(record).drain();
    expect(await effects()).toEqual([one, two]);
    expect(await admin().purge()).toBe(1);
    expect(await dead()).toEqual([]);
  });

  test('brings back as many as there are, bite by bite', async () => {
    const ids = await write(async (tx) => {
      const made = Array.from({ length: 1_201 }, () => tx.ids.next());
      for (const id of made) {
        await tx.db.run(
          "INSERT INTO dead_job (id, lane, handler, payload, attempt, created_at, died_at) VALUES (?, 'local', 'test', '{}', 9, 1, 1)",
          [id],
        );
      }
      return made;
    });
    expect(await admin().retry()).toBe(ids.length);
    expect((await jobs()).map((job) => job.id)).toEqual(ids);
    expect(await dead()).toEqual([]);
  });

  // On SQLite whoever writes is alone.
  test.skipIf(dialect === 'sqlite')('loses no job that dies while the dead are brought back', async () => {
    const ids: number[] = [];
    const dieMeanwhile = async () => {
      ids.push(await add());
      const [job] = await claim(`claim ${ids.length}`);
      await ctx.machinery.database.transaction((db) => buryJob(db, job!, { now: ctx.now(), error: 'no' }));
    };
    await dieMeanwhile();
    await write(async (tx) => {
      // Another process buries a job after every statement of this one.
      const after = async <T>(result: Promise<T>): Promise<T> => {
        const value = await result;
        await dieMeanwhile();
        return value;
      };
      const db = {
        ...tx.db,
        all: <T>(...query: Parameters<typeof tx.db.all>) => after(tx.db.all<T>(...query)),
        run: (...query: Parameters<typeof tx.db.run>) => after(tx.db.run(...query)),
      };
      expect(await reviveDeadJobs(db, { now: tx.now() + 1, limit: 100 })).toBe(1);
    });
    expect(ids.length).toBeGreaterThan(2);
    const there = [...(await jobs()), ...(await dead())].map((job) => job.id);
    expect(there.toSorted((a, b) => a - b)).toEqual(ids);
  });

  test('counts what waits, runs and has failed, in numbers, and says why it failed', async () => {
    await add({ due: ctx.now() + 1 });
    await add();
    const [running] = await claim('a');
    expect(running).toBeDefined();
    expect(await queueStatus(ctx.db)).toEqual([
      { handler: 'test', waiting: 1, running: 1, retrying: 0, dead: 0, diedAt: undefined, lastError: undefined },
    ]);
    const fail = async () => {
      await add();
      return (await claim('b'))[0]!;
    };
    const failed = await fail();
    await write((tx) => putBackJob(tx.db, failed, { due: tx.now() + 1, error: 'not now' }));
    expect(await queueStatus(ctx.db)).toMatchObject([{ retrying: 1, dead: 0, lastError: 'not now' }]);
    for (const error of ['no', 'never']) {
      app.clock.advance(1);
      const job = await fail();
      await write((tx) => buryJob(tx.db, job, { now: tx.now(), error }));
    }
    expect((await queueStatus(ctx.db))[0]).toMatchObject({ dead: 2, diedAt: ctx.now(), lastError: 'never' });
    await write((tx) => purgeDeadJobs(tx.db, 'test'));
    expect((await queueStatus(ctx.db))[0]).toMatchObject({ dead: 0, diedAt: undefined, lastError: 'not now' });
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
    const newerRuns = Promise.withResolvers<void>();
    const seen: number[] = [];
    const handler = defineHandler<{ n: number }, void>('test', {
      async prepare(_, { n }) {
        seen.push(n);
        if (n === 2) return newerRuns.resolve();
        await add({ key: 'k', payload: '{"n":2}', lane: 'network' });
        // The same worker takes the newer one while the older still runs.
        worker.wake();
        await newerRuns.promise;
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

  test('no crowd takes all places; what is too much is put off, and nobody else waits for it', async () => {
    // How long jobs take stands as still as the clock that says when they are due.
    const still = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    onTestFinished(() => still.mockRestore());
    const release = Promise.withResolvers<void>();
    let underway = 0;
    let most = 0;
    const handler = defineHandler<{ n: number; crowd?: string }>('test', {
      lane: 'network',
      crowdOf: async (_, { crowd }) => crowd,
      async prepare(_, { crowd }) {
        if (crowd === undefined) return;
        most = Math.max(most, ++underway);
        await release.promise;
        underway--;
      },
      apply: async (tx, { n }) => void (await tx.db.run('INSERT INTO effect (job, at) VALUES (?, ?)', [n, tx.now()])),
    });
    const many = 60;
    for (let n = 0; n < many; n++)
      await add({ lane: 'network', payload: JSON.stringify({ n, crowd: 'evil.example' }) });
    for (let n = many; n < many + 10; n++) await add({ lane: 'network', payload: JSON.stringify({ n }) });
    const worker = workerWith(handler);
    worker.start();
    await expect.poll(effects).toEqual(Array.from({ length: 10 }, (_, n) => many + n));
    // One after another, and none of them has failed.
    const putOff = async () => (await jobs()).filter(({ leasedBy }) => leasedBy === null);
    await expect.poll(putOff).toHaveLength(many - 24);
    const waiting = await putOff();
    expect(waiting.map(({ attempt }) => attempt)).toEqual(Array.from({ length: many - 24 }, () => 0));
    expect(new Set(waiting.map(({ due }) => due)).size).toBeGreaterThan(many - 34);
    release.resolve();
    for (let round = 0; round < many; round++) {
      app.clock.advance(1_000);
      await worker.drain();
    }
    await expect.poll(async () => (await effects()).length).toBe(many + 10);
    await worker.stop(1_000);
    expect(most).toBe(24);
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

  test('does recurring work again at its next time after it failed for good, and after the dead were forgotten', async () => {
    let works = false;
    let runs = 0;
    const run = () => (works ? Promise.resolve(void runs++) : Promise.reject(new Error('no')));
    const scheduled = [{ name: 'sweep', every: 3_600_000, run }];
    await startSchedule(ctx, scheduled);
    const handlers = scheduleHandlers(scheduled);
    app.clock.advance(3_600_000);
    while ((await dead()).length === 0) {
      await workerWith(...handlers).drain();
      app.clock.advance(3_600_000);
    }
    expect(await jobs()).toHaveLength(1);
    expect(await admin().retry('sweep')).toBe(1);
    works = true;
    await workerWith(...handlers).drain();
    expect(runs).toBeGreaterThan(0);
    expect(await jobs()).toHaveLength(1);
    expect(await admin().purge('sweep')).toBe(0);
    const before = runs;
    app.clock.advance(3_600_000);
    await workerWith(...handlers).drain();
    expect(runs).toBe(before + 1);
  });

  test('wakes up for what is added while it sleeps', async () => {
    const worker = workerWith(record);
    // Time that does not pass wakes nobody.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    worker.start();
    const id = await add();
    worker.wake();
    // Not by `expect.poll`, which would have the time pass.
    while ((await effects()).length === 0) await sleep(5);
    expect(await effects()).toEqual([id]);
    await worker.stop(1_000);
  });

  test('holds an event exactly if the transaction that emitted it commits', async () => {
    const event = { type: 'post.partly-fanned-out', postId: 1, afterFollowerId: 0 } as const;
    await write((tx) => tx.emit(event));
    await write(async (tx) => {
      await tx.emit(event);
      throw new Error('no');
    }).catch(() => {});
    expect(await jobs()).toHaveLength(1);
    await expect(ctx.emit(event)).rejects.toThrow('in a transaction');
  });

  test('holds an event that is emitted for later, and moves one that has a key', async () => {
    const event = { type: 'post.partly-fanned-out', postId: 1, afterFollowerId: 0 } as const;
    await write((tx) => tx.emit(event, { at: 5, key: 'poll' }));
    await write((tx) => tx.emit(event, { at: 7, key: 'poll' }));
    expect((await jobs()).map((job) => job.due)).toEqual([7]);
  });
});
