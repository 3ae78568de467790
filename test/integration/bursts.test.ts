import { expect, onTestFinished, test, vi } from 'vitest';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { type RemoteActor, send, signDelivery } from '../support/remote-actor.ts';
import { buildPost, buildUser } from '../support/world.ts';

/** What strangers may have us fetch is limited; what is nobody's fault must get through all the same. */

const MANY = 50;

/** Authors of one host, each of whose documents takes a while. */
function buildAuthors(world: InboxWorld): RemoteActor[] {
  const { remote } = world.app;
  return Array.from({ length: MANY }, (_, n) => {
    const author = world.actor(`author${n}@big.example`);
    const json = { headers: { 'content-type': 'application/activity+json' }, latencyMs: 20 };
    remote.serve(author.uri, { ...json, body: JSON.stringify(author.document) });
    return author;
  });
}

test('fifty people of one host, none of them known, answer a post at the same moment', async () => {
  await using world = await createInboxWorld();
  const alice = await buildUser(world.app.ctx, 'alice');
  const post = await buildPost(world.app.ctx, alice);
  const statuses = await Promise.all(
    buildAuthors(world).map(async (author) => {
      const answer = author.note({ inReplyTo: post.uri });
      const { status } = await send(world.port, signDelivery(world.app, author, author.activity('Create', answer)));
      return status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([202]));
  await world.app.drain();
  const [row] = await world.app.ctx.db.all<{ n: number }>('SELECT count(*) AS n FROM post WHERE in_reply_to_id = ?', [
    post.id,
  ]);
  expect(Number(row!.n)).toBe(MANY);
});

test('somebody who is followed shows fifty posts of people who are not known', async () => {
  // Jobs that take long are put off for longer: on a slow machine, for longer than this test goes on.
  const still = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  onTestFinished(() => still.mockRestore());
  await using world = await createInboxWorld();
  const { app } = world;
  const alice = await buildUser(app.ctx, 'alice');
  const bob = world.actor('bob@remote.example');
  await world.befriend(alice, bob);
  const notes = buildAuthors(world).map((author) => author.note());
  for (const note of notes) {
    app.remote.serveActivity(note);
    const announce = bob.activity('Announce', note.id, { to: ['https://www.w3.org/ns/activitystreams#Public'] });
    expect((await send(world.port, signDelivery(app, bob, announce))).status).toBe(202);
  }
  for (let seconds = 0; seconds < 30; seconds++) {
    await app.drain();
    app.clock.advance(1_000);
  }
  const [row] = await app.ctx.db.all<{ n: number }>("SELECT count(*) AS n FROM post WHERE kind = 'reblog'");
  expect(Number(row!.n)).toBe(MANY);
  expect(await app.ctx.db.all('SELECT id FROM job')).toEqual([]);
});

test('a new server’s first follow is answered at once', async () => {
  await using world = await createInboxWorld();
  const alice = await buildUser(world.app.ctx, 'alice');
  const fresh = world.actor('first@new.example');
  world.app.remote.serve(`${fresh.uri}/inbox`, { status: 202 });
  expect(await world.deliver(fresh, fresh.activity('Follow', alice.uri))).toBe(202);
  expect(world.app.remote.posts.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual(['Accept']);
});
