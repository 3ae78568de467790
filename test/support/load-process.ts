/**
 * A process that loads the database and the queue, for tests with several of them: read-then-write transactions that each leave a job,
 * with PUBLISH=on posts by somebody with a follower elsewhere, and a worker that does what the server's does. Ends when MODE is `finish`
 * and the queue is empty, or after SECONDS and an empty queue; prints what it did.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '#config.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { type Core, openCore } from '#core.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { publish } from '#domain/posts/publish.ts';
import { follow } from '#domain/relationships/follow.ts';
import { defineHandler } from '#jobs/handlers.ts';
import { insertJob } from '#jobs/job-store.ts';
import { createWorker } from '#jobs/worker.ts';
import { subscriptions } from '#subscribers.ts';
import { buildRemoteFollower } from './remote-followers.ts';
import { buildUser } from './world.ts';

const seconds = Number(process.env['SECONDS'] ?? '0');
/** Milliseconds by which this process's clock is ahead, so that the leases of those that were killed are over. */
const ahead = Number(process.env['AHEAD'] ?? '0');
const produces = process.env['MODE'] !== 'finish';
const publishes = process.env['PUBLISH'] === 'on';
const ROWS = 5;

const core = await open();
const { ctx } = core;
const errors: string[] = [];
const note = (error: unknown) =>
  void errors.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Processes that were killed keep their slot for a while: whoever starts the next one tries again. */
async function open(): Promise<Core> {
  for (let tries = 0; ; tries++) {
    try {
      return await openCore(readConfig(), 'worker', { now: () => Date.now() + ahead });
    } catch (error) {
      if (tries === 60 || !String(error).includes('processes use this database already')) throw error;
      await sleep(500);
    }
  }
}

await inTransaction(ctx, async (tx) => {
  // Two processes that start together: PostgreSQL lets both find that a table is not there.
  if (tx.db.dialect === 'postgres') await tx.db.all('SELECT 1 FROM (SELECT pg_advisory_xact_lock(1)) AS locked');
  await tx.db.run('CREATE TABLE IF NOT EXISTS load_counter (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)');
  await tx.db.run('CREATE TABLE IF NOT EXISTS load_emitted (id BIGINT PRIMARY KEY)');
  await tx.db.run('CREATE TABLE IF NOT EXISTS load_running (id BIGINT PRIMARY KEY)');
  await tx.db.run('CREATE TABLE IF NOT EXISTS load_effect (id BIGINT PRIMARY KEY, times BIGINT NOT NULL)');
  for (let id = 0; id < ROWS; id++)
    await tx.db.run('INSERT INTO load_counter (id, value) VALUES (?, 0) ON CONFLICT DO NOTHING', [id]);
});

/** Reads, waits a moment in the transaction, and writes what it read plus one, with a job that must then run. */
async function readThenWrite(tx: Ctx): Promise<void> {
  const row = Math.floor(Math.random() * ROWS);
  const counter = await tx.db.get<{ value: number }>(`SELECT value FROM load_counter WHERE id = ? ${tx.db.forUpdate}`, [
    row,
  ]);
  await tx.db.run('UPDATE load_counter SET value = ? WHERE id = ?', [counter!.value + 1, row]);
  const id = tx.ids.next();
  await tx.db.run('INSERT INTO load_emitted (id) VALUES (?)', [id]);
  const lane = id % 2 === 0 ? 'local' : 'network';
  await insertJob(tx.db, {
    id: tx.ids.next(),
    lane,
    handler: 'load',
    payload: JSON.stringify({ id }),
    due: tx.now(),
    createdAt: tx.now(),
  });
  tx.db.afterCommit(() => worker.wake());
}

const handler = defineHandler<{ id: number }>('load', {
  // Says that it runs, in a transaction of its own: a second run at the same time would find the row. A killed process leaves it, so
  // a restarted one takes it over.
  async prepare(outer, { id }) {
    await inTransaction(outer, async (tx) => {
      if (ahead > 0) await tx.db.run('DELETE FROM load_running WHERE id = ?', [id]);
      await tx.db.run('INSERT INTO load_running (id) VALUES (?)', [id]);
    });
  },
  async apply(tx, { id }) {
    await tx.db.run(
      'INSERT INTO load_effect (id, times) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET times = load_effect.times + 1',
      [id],
    );
    await tx.db.run('DELETE FROM load_running WHERE id = ?', [id]);
  },
});
const handlers = [handler, ...subscriptions.map((subscription) => subscription.handler)];
const worker = createWorker(ctx, new Map(handlers.map((each) => [each.name, each])));
worker.start();
const author = produces && publishes ? await findOrBuildAuthor() : undefined;
console.log('ready');

let transactions = 0;
const until = performance.now() + seconds * 1_000;
async function produce(): Promise<void> {
  while (performance.now() < until) {
    await inTransaction(ctx, readThenWrite).then(() => transactions++, note);
    if (transactions % 16 === 0) await sleep(1);
  }
}

/** Each post emits an event, whose subscriber writes one delivery. */
async function publishPosts(by: Account): Promise<void> {
  while (performance.now() < until) {
    await publish(ctx, by.id, { text: 'Hello' }).catch(note);
    worker.wake();
    await sleep(1);
  }
}

/** Somebody with one follower on another server. A process that was killed may have made a part. */
async function findOrBuildAuthor(): Promise<Account> {
  const alice = (await findAccountByHandle(ctx.db, 'alice', '')) ?? (await buildUser(ctx, 'alice'));
  const known = await findAccountByHandle(ctx.db, 'bob', 'remote.example');
  if (!known) await buildRemoteFollower(ctx, 'bob@remote.example', alice);
  else await follow(ctx, known.id, alice.id, `${known.uri}#follow`);
  return alice;
}

if (produces) await Promise.all([...Array.from({ length: 8 }, produce), ...(author ? [publishPosts(author)] : [])]);

const waiting = () => ctx.db.get<{ n: number }>('SELECT count(*) AS n FROM job');
while (((await waiting())?.n ?? 0) > 0) {
  const failed = await ctx.db.all<{ lastError: string }>('SELECT last_error FROM job WHERE last_error IS NOT NULL');
  for (const { lastError } of failed) note(lastError);
  if (failed.length > 0) break;
  await sleep(20);
}
await worker.stop(5_000);
await core.close();
console.log(`result ${JSON.stringify({ transactions, errors: errors.slice(0, 5) })}`);
process.exit(0);
