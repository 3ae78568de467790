import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { deleteTombstones, hasTombstone, insertTombstone } from '#domain/posts/tombstone-store.ts';
import { buryJob, insertJob } from '#jobs/job-store.ts';
import { pruneDeadJobs } from '#jobs/prune-dead-jobs.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { dialects } from '../support/postgres.ts';
import { buildUser } from '../support/world.ts';

/** What strangers can have written here ends somewhere. */
describe.each(dialects)('%s', (dialect) => {
  let world: InboxWorld;
  let ctx: Ctx;
  let alice: Account;

  beforeAll(async () => {
    world = await createInboxWorld({ dialect });
    ctx = world.app.ctx;
    alice = await buildUser(ctx, 'alice');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('of what an account takes back before it came the newest thousand is remembered, however long its ids are', async () => {
    const uri = (n: number) => `https://evil.example/${n}/${'x'.repeat(4_000)}`;
    await inTransaction(ctx, async (tx) => {
      for (let n = 0; n < 1_005; n++) await insertTombstone(tx.db, { uri: uri(n), accountId: 7, deletedAt: n });
      await insertTombstone(tx.db, { uri: uri(0), accountId: 8, deletedAt: 0 });
    });
    expect(await world.count('tombstone')).toBe(1_001);
    expect(await hasTombstone(ctx.db, uri(4), 7)).toBe(false);
    expect(await hasTombstone(ctx.db, uri(5), 7)).toBe(true);
    expect(await hasTombstone(ctx.db, uri(1_004), 7)).toBe(true);
    expect(await hasTombstone(ctx.db, uri(0), 8)).toBe(true);
    expect(await hasTombstone(ctx.db, uri(5), 8)).toBe(false);
    expect(await inTransaction(ctx, (tx) => deleteTombstones(tx.db, 10, 500))).toBe(6);
  });

  test('of a post elsewhere twenty former texts are kept', async () => {
    const bob = world.actor('bob@remote.example');
    await world.befriend(alice, bob);
    const note = bob.note();
    await world.deliver(bob, bob.activity('Create', note));
    for (let n = 0; n < 25; n++) await world.deliver(bob, bob.activity('Update', { ...note, content: `<p>${n}</p>` }));
    expect(await findPostByUri(ctx.db, note.id)).toMatchObject({ html: '<p>24</p>' });
    const texts = await ctx.db.all<{ html: string }>('SELECT html FROM post_edit ORDER BY id');
    expect(texts.map(({ html }) => html)).toEqual(Array.from({ length: 20 }, (_, n) => `<p>${n + 4}</p>`));
  });

  test('jobs that died a month ago are forgotten', async () => {
    const day = 24 * 3_600_000;
    await inTransaction(ctx, async (tx) => {
      for (const age of [29, 31]) {
        const id = tx.ids.next();
        const job = { id, lane: 'local' as const, handler: 'none', payload: `${age}`, due: 0, createdAt: 0 };
        await insertJob(tx.db, job);
        await tx.db.run("UPDATE job SET leased_by = 'me' WHERE id = ?", [id]);
        await buryJob(tx.db, { id, leasedBy: 'me' }, { now: tx.now() - age * day, error: 'none' });
      }
    });
    expect(await inTransaction(ctx, pruneDeadJobs)).toBe(false);
    expect(await ctx.db.all('SELECT payload FROM dead_job')).toEqual([{ payload: '29' }]);
  });
});
