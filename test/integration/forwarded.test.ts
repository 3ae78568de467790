import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { follow } from '#domain/relationships/follow.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { dialects } from '../support/postgres.ts';
import { PUBLIC, type RemoteActor, send, signDelivery } from '../support/remote-actor.ts';
import { buildPost, buildUser } from '../support/world.ts';

/** Activities that a server passes on without their actor's signature: their origin is asked, and nobody else learns or does anything. */
describe.each(dialects)('%s', (dialect) => {
  let world: InboxWorld;
  let alice: Account;
  let bob: RemoteActor;
  let bobAccount: Account;
  let carol: RemoteActor;
  let stranger: RemoteActor;

  beforeAll(async () => {
    world = await createInboxWorld({ dialect });
    alice = await buildUser(world.app.ctx, 'alice');
    bob = world.actor('bob@friend.example');
    bobAccount = await world.befriend(alice, bob);
    carol = world.actor('carol@elsewhere.example');
    stranger = world.actor('mallory@stranger.example');
    await world.accountOf(stranger);
    // Until it has got about which hosts we have to do with.
    world.app.clock.advance(61_000);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const known = (uri: string) => findPostByUri(world.app.ctx.db, uri);
  const answerTo = (uri: string) => carol.note({ inReplyTo: uri });

  async function postOfBob(fields = {}): Promise<string> {
    const note = bob.note(fields);
    await world.deliver(bob, bob.activity('Create', note));
    return note.id;
  }

  test('an answer to one of its posts is passed on by its server', async () => {
    const answer = answerTo(await postOfBob());
    world.app.remote.serveActivity(answer);
    expect(await world.deliver(bob, carol.activity('Create', answer))).toBe(202);
    expect(await known(answer.id)).toBeDefined();
  });

  test('an answer to a restricted post is passed on by its author only', async () => {
    const colleague = world.actor('colleague@friend.example');
    const parent = await postOfBob({ to: [bob.followers], cc: [] });
    const answer = answerTo(parent);
    expect(await world.deliver(colleague, carol.activity('Create', answer))).toBe(401);
    expect(await world.deliver(bob, carol.activity('Create', answer))).toBe(202);
  });

  test('whether a post exists that its bringer may not see makes no difference', async () => {
    const mine = async (visibility: 'followers' | 'direct') =>
      (await buildPost(world.app.ctx, alice, { visibility, text: 'Only for few' })).uri;
    await follow(world.app.ctx, bobAccount.id, alice.id);
    for (const uri of [await mine('followers'), await mine('direct'), `${alice.uri}/nothing`]) {
      expect(await world.deliver(bob, carol.activity('Create', answerTo(uri)))).toBe(401);
    }
    expect(
      await world.deliver(bob, carol.activity('Create', answerTo((await buildPost(world.app.ctx, alice)).uri))),
    ).toBe(202);
  });

  test('hosts that nobody here has to do with have nobody asked', async () => {
    const open = await buildPost(world.app.ctx, alice);
    const gone = await postOfBob();
    const asked = world.app.remote.requests.length;
    expect(await world.deliver(stranger, carol.activity('Create', answerTo(open.uri)))).toBe(401);
    expect(await world.deliver(stranger, bob.activity('Delete', gone))).toBe(202);
    expect(world.app.remote.requests).toHaveLength(asked);
  });

  test('one GET is made for an answer, whoever else passes it on, and whatever it claims to answer', async () => {
    const parent = await buildPost(world.app.ctx, alice);
    const dave = world.actor('dave@other-friend.example');
    await world.befriend(alice, dave);
    world.app.clock.advance(61_000);
    await world.accountOf(carol);
    const claimed = answerTo(parent.uri);
    const chain = 'https://elsewhere.example/chain/1';
    world.app.remote.serveActivity({ ...claimed, inReplyTo: chain });
    world.app.remote.serveActivity({ ...carol.note({ id: chain }), to: [PUBLIC] });
    const asked = world.app.remote.requests.length;
    for (const actor of [bob, dave, bob, dave]) {
      const delivery = signDelivery(world.app, actor, carol.activity('Create', claimed));
      expect((await send(world.port, delivery)).status).toBe(202);
    }
    await world.app.drain();
    expect(world.app.remote.requests.slice(asked).map(({ url }) => url)).toEqual([claimed.id]);
  });

  test('of what is passed on only its kind and its id are kept', async () => {
    const parent = await buildPost(world.app.ctx, alice);
    const answer = { ...answerTo(parent.uri), content: 'x'.repeat(100_000) };
    const delivery = signDelivery(world.app, bob, carol.activity('Create', answer));
    expect((await send(world.port, delivery)).status).toBe(202);
    const [job] = await world.app.ctx.db.all<{ payload: string }>(
      "SELECT payload FROM job WHERE payload LIKE '%activity.forwarded%'",
    );
    expect(job!.payload).toContain(answer.id);
    expect(job!.payload.length).toBeLessThan(1_000);
    await world.app.drain();
  });
});

test('a host passes on so much and no more', async () => {
  await using world = await createInboxWorld({ config: { rateLimits: true } });
  const alice = await buildUser(world.app.ctx, 'alice');
  const bob = world.actor('bob@friend.example');
  await world.befriend(alice, bob);
  world.app.clock.advance(61_000);
  const carol = world.actor('carol@elsewhere.example');
  const parent = await buildPost(world.app.ctx, alice);
  const answers = [];
  for (let n = 0; n < 65; n++) {
    const note = carol.note({ inReplyTo: parent.uri });
    answers.push((await send(world.port, signDelivery(world.app, bob, carol.activity('Create', note)))).status);
  }
  expect(answers.filter((status) => status === 202)).toHaveLength(60);
  expect(answers.at(-1)).toBe(429);
});
