import { expect, test } from 'vitest';
import { getAccount } from '#domain/accounts/account-store.ts';
import { onEachDialect } from '../support/databases.ts';
import { buildRemoteActor } from '../support/remote-actor.ts';
import { buildRemoteFollower } from '../support/remote-followers.ts';
import { createTestApp, type TestDialect } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

/** Inboxes that are not where they were: others change their software, or the paths of it. */

const HOUR = 3_600_000;
const OLD = 'https://one.example/inbox';
const NEW = 'https://one.example/v2/inbox';

/** Alice, with two followers on one.example, who were known here before. `say` is what their documents say of inboxes now. */
async function createWorld(dialect: TestDialect) {
  const app = await createTestApp({ dialect });
  const { ctx } = app;
  const alice = await buildUser(ctx, 'alice');
  app.remote.serve(OLD, { status: 202 });
  const f = await buildRemoteFollower(ctx, 'f@one.example', alice);
  const g = await buildRemoteFollower(ctx, 'g@one.example', alice);
  const say = (document: Record<string, unknown>) => {
    for (const handle of ['f@one.example', 'g@one.example']) buildRemoteActor(app.remote, handle, { document });
  };
  say({});
  await app.drain();
  let seen = app.remote.requests.length;
  /** What was asked of others since it was last looked at: method and URL; of GETs those of actors. */
  const asked = () => {
    const requests = app.remote.requests.slice(seen).filter(({ url }) => !url.includes('/.well-known/'));
    seen = app.remote.requests.length;
    return requests.map(({ method, url }) => `${method} ${url}`);
  };
  /** The retries of some hours. */
  const wait = async () => {
    for (let hour = 0; hour < 3; hour++) {
      await app.drain();
      app.clock.advance(HOUR);
    }
  };
  return { app, ctx, alice, f, g, say, asked, wait };
}

onEachDialect('An inbox that is not there any more', (dialect) => {
  test.each([301, 307, 308, 404, 410])(
    'and answers %i: its actor is asked where it is, and what waits, and all later, goes there',
    async (status) => {
      const { app, ctx, alice, f, g, say, asked, wait } = await createWorld(dialect);
      await using _ = app;
      app.remote.serve(OLD, { status });
      app.remote.serve(NEW, { status: 202 });
      say({ endpoints: { sharedInbox: NEW } });
      const post = await buildPost(ctx, alice);
      await app.drain();
      expect(asked()).toEqual([`POST ${OLD}`, `GET ${g.uri}`, `POST ${NEW}`]);
      expect(JSON.parse(app.remote.posts.at(-1)!.body)).toMatchObject({ type: 'Create', object: { id: post.uri } });
      // One has said so for all who share it.
      for (const { id } of [f, g]) expect((await getAccount(ctx.db, id)).sharedInbox).toBe(NEW);
      await buildPost(ctx, alice);
      await wait();
      expect(asked()).toEqual([`POST ${NEW}`]);
      expect(await ctx.db.all('SELECT id FROM delivery')).toEqual([]);
    },
  );

  test('and is shared no more: everybody is reached at their own', async () => {
    const { app, ctx, alice, f, g, say, asked, wait } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(OLD, { status: 404 });
    say({ endpoints: undefined });
    await buildPost(ctx, alice);
    await wait();
    expect(asked()).toContain(`POST ${g.uri}/inbox`);
    await buildPost(ctx, alice);
    await wait();
    expect(asked().sort()).toEqual([`POST ${f.uri}/inbox`, `POST ${g.uri}/inbox`]);
  });

  test('and is somebody’s own: what is for them alone follows them, at once where it waited already', async () => {
    const { app, ctx, alice, f, g, say, asked } = await createWorld(dialect);
    await using _ = app;
    const there = 'https://one.example/v2/f';
    app.remote.serve(there, { status: 202 });
    app.remote.serve(`${f.uri}/inbox`, { status: 500 });
    await buildPost(ctx, alice, { text: 'Psst, @f@one.example', visibility: 'direct' });
    await app.drain();
    say({ inbox: there });
    app.remote.serve(`${f.uri}/inbox`, { status: 404 });
    await buildPost(ctx, alice, { text: 'Again, @f@one.example', visibility: 'direct' });
    await app.drain();
    expect(asked().slice(-4)).toEqual([`POST ${f.uri}/inbox`, `GET ${f.uri}`, `POST ${there}`, `POST ${there}`]);
    expect((await getAccount(ctx.db, g.id)).inbox).toBe(`${g.uri}/inbox`);
  });

  test('and nobody knows where it is: once a day somebody is asked, and what is for it is given up as soon as before', async () => {
    const { app, ctx, alice, g, asked, wait } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(OLD, { status: 410 });
    await buildPost(ctx, alice);
    await wait();
    expect(asked()).toEqual([`POST ${OLD}`, `GET ${g.uri}`, `POST ${OLD}`]);
    await buildPost(ctx, alice);
    await wait();
    expect(asked()).toEqual([`POST ${OLD}`]);
    app.clock.advance(24 * HOUR);
    // Its server does not answer either.
    app.remote.serve(g.uri, { failure: 'temporary' });
    await buildPost(ctx, alice);
    await wait();
    expect(asked()).toEqual([`POST ${OLD}`, `GET ${g.uri}`, `POST ${OLD}`]);
    expect(await ctx.db.all('SELECT id FROM delivery')).toEqual([]);
    expect(await ctx.db.all('SELECT id FROM job')).toEqual([]);
  });

  test('is not asked about by the hundred', async () => {
    const { app, ctx, alice, asked, wait } = await createWorld(dialect);
    await using _ = app;
    for (let n = 0; n < 15; n++) {
      const { uri } = await buildRemoteFollower(ctx, `m${n}@one.example`, alice, { sharedInbox: undefined });
      app.remote.serve(`${uri}/inbox`, { status: 410 });
    }
    await wait();
    expect(asked().filter((request) => request.startsWith('GET'))).toHaveLength(10);
  });

  test('brings nobody what is for others', async () => {
    const { app, ctx, alice, f, asked, wait } = await createWorld(dialect);
    await using _ = app;
    const ben = await buildUser(ctx, 'ben');
    const h = await buildRemoteFollower(ctx, 'h@one.example', ben);
    await app.drain();
    // Calls the inbox of all its own, and then another.
    const mallory = await buildRemoteFollower(ctx, 'mallory@one.example', alice, {
      inbox: OLD,
      sharedInbox: undefined,
    });
    await app.drain();
    const trap = 'https://evil.example/inbox';
    app.remote.serve(trap, { status: 202 });
    buildRemoteActor(app.remote, 'mallory@one.example', { document: { inbox: trap, endpoints: undefined } });
    app.remote.serve(OLD, { status: 500 });
    await buildPost(ctx, ben, { visibility: 'followers' });
    await app.drain();
    asked();
    app.remote.serve(OLD, { status: 404 });
    await buildPost(ctx, alice, { text: 'Open' });
    await wait();
    const requests = asked();
    expect(requests).toContain(`GET ${mallory.uri}`);
    const brought = app.remote.posts.filter(({ url }) => url === trap).map(({ body }) => body);
    expect(brought.some((body) => body.includes('Open'))).toBe(true);
    expect(brought.some((body) => body.includes(ben.uri))).toBe(false);
    expect(requests).not.toContain(`POST ${h.uri}/inbox`);
    expect((await getAccount(ctx.db, f.id)).sharedInbox).toBe(OLD);
  });
});
