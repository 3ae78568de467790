import { expect, test } from 'vitest';
import { inTransaction } from '#context.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { pin, unpin } from '#domain/posts/pin.ts';
import { block, unblock } from '#domain/relationships/block.ts';
import { follow, rejectFollow, unfollow } from '#domain/relationships/follow.ts';
import { onEachDialect } from '../support/databases.ts';
import { buildKnownAccount, buildRemoteFollower } from '../support/remote-followers.ts';
import { buildRemotePost } from '../support/remote-posts.ts';
import { createTestApp, type TestDialect } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SHARED = 'https://one.example/inbox';
const PERSONAL = 'https://one.example/users/f/inbox';

interface Sent {
  type: string;
  id: string;
  object: { type?: string; id?: string; content?: string; name?: string };
}

/** Alice with a follower on one.example, whose inboxes fail. */
async function createWorld(dialect: TestDialect) {
  const app = await createTestApp({ dialect });
  const { ctx } = app;
  const alice = await buildUser(ctx, 'alice');
  const f = await buildRemoteFollower(ctx, 'f@one.example', alice);
  app.remote.serve(SHARED, { status: 202 });
  await app.drain();
  const answer = (status: number) => {
    for (const inbox of [SHARED, PERSONAL]) app.remote.serve(inbox, { status });
  };
  answer(500);
  let seen = app.remote.posts.length;
  /** What was sent since it was last asked. */
  const sent = () => {
    const posts = app.remote.posts.slice(seen).map((post) => JSON.parse(post.body) as Sent);
    seen += posts.length;
    return posts;
  };
  /** The inboxes work again. What comes, in the order in which it comes. */
  const recover = async () => {
    sent();
    answer(202);
    await app.drain();
    app.clock.advance(HOUR);
    await app.drain();
    expect(await ctx.db.all('SELECT id FROM delivery')).toEqual([]);
    return sent();
  };
  return { app, ctx, alice, f, answer, sent, recover };
}

type World = Awaited<ReturnType<typeof createWorld>>;

interface State {
  set(): Promise<unknown>;
  unset(): Promise<unknown>;
}

/** What comes and goes: the types of the two activities that say so, and how it is done. */
const states: readonly [string, string, (world: World) => Promise<State>][] = [
  [
    'Follow',
    'Undo',
    async ({ ctx, alice, f }) => ({
      set: () => follow(ctx, alice.id, f.id),
      unset: () => unfollow(ctx, alice.id, f.id),
    }),
  ],
  [
    'Like',
    'Undo',
    async ({ ctx, alice, f }) => {
      const post = await buildRemotePost(ctx, f);
      return { set: () => favourite(ctx, alice.id, post.id), unset: () => unfavourite(ctx, alice.id, post.id) };
    },
  ],
  [
    'Block',
    'Undo',
    async ({ ctx, alice, f }) => ({ set: () => block(ctx, alice.id, f.id), unset: () => unblock(ctx, alice.id, f.id) }),
  ],
  [
    'Accept',
    'Reject',
    async ({ ctx, alice, f }) => {
      await unfollow(ctx, f.id, alice.id);
      return {
        set: () => follow(ctx, f.id, alice.id, `${f.uri}#follow`),
        unset: () => rejectFollow(ctx, alice.id, f.id),
      };
    },
  ],
  [
    'Add',
    'Remove',
    async ({ app, ctx, alice, answer }) => {
      answer(202);
      const post = await buildPost(ctx, alice);
      await app.drain();
      answer(500);
      return { set: () => pin(ctx, alice.id, post.id), unset: () => unpin(ctx, alice.id, post.id) };
    },
  ],
];

onEachDialect('What is delivered late', (dialect) => {
  test.each(states)('%s and %s: only the last word comes, of what failed before', async (done, undone, build) => {
    const world = await createWorld(dialect);
    await using app = world.app;
    const { set, unset } = await build(world);
    await app.drain();
    await set();
    await app.drain();
    expect(world.sent().map(({ type }) => type)).toContain(done);
    await unset();
    await app.drain();
    expect((await world.recover()).map(({ type }) => type)).toEqual([undone]);
    // The other way round.
    await set();
    await app.drain();
    world.answer(500);
    await unset();
    await app.drain();
    await set();
    await app.drain();
    expect((await world.recover()).map(({ type }) => type)).toEqual([done]);
  });

  test.each(states)(
    '%s and %s: what is no longer so is not said, however late its job runs',
    async (done, _, build) => {
      const world = await createWorld(dialect);
      await using app = world.app;
      const { set, unset } = await build(world);
      world.answer(202);
      await set();
      await app.drain();
      await unset();
      await inTransaction(app.ctx, async (tx) => {
        await tx.db.run('UPDATE job SET due = ?', [tx.now() + HOUR]);
      });
      world.sent();
      await set();
      await app.drain();
      app.clock.advance(HOUR);
      await app.drain();
      expect(world.sent().map(({ type }) => type)).toEqual([done]);
    },
  );

  test('a block ends a follow that is on its way', async () => {
    const { app, ctx, alice, f, recover } = await createWorld(dialect);
    await using _ = app;
    await follow(ctx, alice.id, f.id);
    await app.drain();
    await block(ctx, alice.id, f.id);
    await app.drain();
    expect((await recover()).map(({ type }) => type)).toEqual(['Block']);
  });

  test('nobody elsewhere can take back what is said here by the ids they choose', async () => {
    const { app, ctx, alice, f, recover } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice);
    await app.drain();
    await unfollow(ctx, f.id, alice.id);
    await follow(ctx, f.id, alice.id, post.uri);
    await rejectFollow(ctx, alice.id, f.id);
    await app.drain();
    expect((await recover()).map(({ type }) => type)).toContain('Create');
  });

  test('of several changes of a profile only the newest comes', async () => {
    const { app, ctx, alice, recover } = await createWorld(dialect);
    await using _ = app;
    for (const displayName of ['One', 'Two', 'Three']) {
      await updateProfile(ctx, alice.id, { displayName });
      await app.drain();
    }
    expect((await recover()).map(({ type, object }) => [type, object.name])).toEqual([['Update', 'Three']]);
  });

  test('a post that was edited meanwhile comes as it is now, and only its last edit', async () => {
    const { app, ctx, alice, sent, recover } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice, { text: 'One' });
    await app.drain();
    const [create] = sent();
    for (const text of ['Two', 'Three']) {
      await editPost(ctx, alice.id, post.id, { text });
      await app.drain();
    }
    const later = await recover();
    expect(later.map(({ type }) => type).sort()).toEqual(['Create', 'Update']);
    expect(later.map(({ object }) => object.content)).toEqual(['<p>Three</p>', '<p>Three</p>']);
    expect(later.find(({ type }) => type === 'Create')!.id).toBe(create!.id);
  });

  test('a post that was edited is given up when it would have been without', async () => {
    const { app, ctx, alice, sent } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice, { text: 'One' });
    for (let day = 1; day <= 9; day++) {
      await app.drain();
      if (day < 8) await editPost(ctx, alice.id, post.id, { text: `Day ${day}` });
      sent();
      app.clock.advance(DAY);
    }
    await app.drain();
    const waiting = 'SELECT type FROM delivery JOIN delivery_body ON delivery_body.id = body_id';
    expect(await ctx.db.all(waiting)).toEqual([{ type: 'Update' }]);
  });

  test('an edit goes to nobody who may not see it: what waited for them is not sent at all', async () => {
    const { app, ctx, alice, f, answer, sent, recover } = await createWorld(dialect);
    await using _ = app;
    const gina = await buildKnownAccount(ctx, 'g@two.example');
    const theirs = `${gina.uri}/inbox`;
    app.remote.serve(theirs, { status: 500 });
    const post = await buildPost(ctx, alice, {
      text: 'For @f@one.example and @g@two.example',
      visibility: 'direct',
    });
    await app.drain();
    expect(sent()).toHaveLength(2);
    await editPost(ctx, alice.id, post.id, { text: 'For @f@one.example' });
    await app.drain();
    app.remote.serve(theirs, { status: 202 });
    const before = app.remote.posts.length;
    expect((await recover()).map(({ type }) => type).sort()).toEqual(['Create', 'Update']);
    expect(app.remote.posts.slice(before).map(({ url }) => url)).toEqual([PERSONAL, PERSONAL]);
    // Nor to whom its author has blocked since.
    answer(500);
    const other = await buildPost(ctx, alice, { visibility: 'followers' });
    await app.drain();
    await block(ctx, alice.id, f.id);
    await editPost(ctx, alice.id, other.id, { text: 'Nothing for f' });
    await app.drain();
    expect((await recover()).map(({ type }) => type)).toEqual(['Block']);
  });

  test('what is under way when it is taken back is over before the deletion comes, and not repeated', async () => {
    const { app, ctx, alice, sent } = await createWorld(dialect);
    await using _ = app;
    const failure = Promise.withResolvers<void>();
    app.remote.serve(SHARED, async ({ body }) => {
      if ((JSON.parse(body) as Sent).type !== 'Create') return { status: 202 };
      await failure.promise;
      return { status: 500 };
    });
    await app.listen();
    const post = await buildPost(ctx, alice);
    await expect.poll(() => app.remote.posts.at(-1)?.url).toBe(SHARED);
    await deletePost(ctx, alice.id, post.id);
    const waiting =
      "SELECT 1 AS found FROM delivery JOIN delivery_body ON delivery_body.id = body_id WHERE type = 'Delete'";
    await expect.poll(() => ctx.db.all(`${waiting} AND leased_by IS NOT NULL`)).toHaveLength(1);
    expect(sent().map(({ type }) => type)).toEqual(['Create']);
    failure.resolve();
    await expect.poll(() => ctx.db.all('SELECT id FROM delivery')).toEqual([]);
    app.clock.advance(HOUR);
    await app.drain();
    expect(sent().map(({ type }) => type)).toEqual(['Delete']);
  });
});
