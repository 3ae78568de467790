import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createKeyRing } from '#activitypub/key-ring.ts';
import type { Account } from '#domain/accounts/account.ts';
import { inTransaction } from '#context.ts';
import { storePost } from '#domain/posts/store-post.ts';
import { readThread } from '#domain/posts/read-thread.ts';
import type { Post } from '#domain/posts/post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { signDelivery, send } from '../support/remote-actor.ts';
import { PLAIN_NOTE } from '../support/remote-posts.ts';
import { visit } from '../support/visitor.ts';
import { buildPost, buildUser } from '../support/world.ts';
import { startCpuClock } from '../support/cpu-clock.ts';

/** What one request of a stranger can cost: this process answers everybody, and nobody while it is busy. */

let world: InboxWorld;
let alice: Account;

beforeAll(async () => {
  world = await createInboxWorld();
  alice = await buildUser(world.app.ctx, 'alice');
});
afterAll(() => world[Symbol.asyncDispose]());

async function answer(parent: Pick<Post, 'uri'>, html: string): Promise<void> {
  await inTransaction(world.app.ctx, async (tx) => {
    const id = tx.ids.next();
    const uri = `https://remote.example/answers/${id}`;
    await storePost(tx, alice, {
      ...PLAIN_NOTE,
      id,
      uri,
      url: uri,
      html,
      inReplyToUri: parent.uri,
      accountId: alice.id,
      publishedAt: Date.UTC(2026, 0, 15, 11),
      mentionedIds: [],
    });
  });
}

test('A62: of a thread is shown as much as can be shown at once, and long answers hide no short ones', async () => {
  const post = await buildPost(world.app.ctx, alice);
  for (let n = 0; n < 30; n++) await answer(post, `<p>${'long '.repeat(20_000)}</p>`);
  for (let n = 0; n < 250; n++) await answer(post, `<p>short ${n}</p>`);
  const { descendants, rest } = await readThread(world.app.ctx, undefined, post);
  const texts = descendants.map((entry) => (entry.state === 'shown' ? entry.view.post.html : entry.state));
  expect(texts.join('').length).toBeLessThan(400_000);
  expect(texts).toHaveLength(100);
  expect(texts.filter((text) => text === 'long')).toHaveLength(27);
  expect(texts).toContain('<p>short 0</p>');
  expect(rest?.count).toEqual({ n: 180, isExact: true });
  const { status, text } = await (await visit(world.app)).get(`/@alice/${post.id}?nobody=keeps-this`);
  expect(status).toBe(200);
  expect(text.length).toBeLessThan(1_000_000);
});

test('A56: what is too much to be verified as signed within is refused unread', async () => {
  const mallory = world.actor('mallory@evil.example');
  const victim = 'https://victim.example/users/victim';
  const tag = Array.from({ length: 2_000 }, (_, n) => ({ type: 'Hashtag', name: `#${n}` }));
  const activity = {
    ...mallory.activity('Create', { id: 'https://victim.example/notes/1', type: 'Note', attributedTo: victim, tag }),
    id: 'https://victim.example/creates/1',
    actor: victim,
    signature: {
      type: 'RsaSignature2017',
      creator: mallory.keyId,
      created: '2026-01-15T12:00:00Z',
      signatureValue: '',
    },
  };
  const { status } = await send(world.port, signDelivery(world.app, mallory, { ...activity, object: {} }));
  expect(status).toBe(401);
  const spent = startCpuClock();
  const refused = await send(world.port, signDelivery(world.app, mallory, activity));
  expect(refused.status).toBe(401);
  expect(spent()).toBeLessThan(1_000);
});

test('A62: answers that wait for a post are tied to it some at a time, all in the end', async () => {
  const bob = world.actor('bob@remote.example');
  await world.befriend(alice, bob);
  const note = bob.note();
  for (let n = 0; n < 130; n++) await answer({ uri: note.id }, `<p>early ${n}</p>`);
  const orphans = () =>
    world.app.ctx.db.all('SELECT id FROM post WHERE in_reply_to_uri = ? AND in_reply_to_id IS NULL', [note.id]);
  await send(world.port, signDelivery(world.app, bob, bob.activity('Create', note)));
  expect(await orphans()).toHaveLength(130);
  await world.app.drain();
  expect(await orphans()).toHaveLength(0);
  const post = (await findPostByUri(world.app.ctx.db, note.id))!;
  expect(post.repliesCount).toBe(130);
  const { descendants, rest } = await readThread(world.app.ctx, undefined, post);
  expect(descendants.length + rest!.count.n).toBe(130);
});

test('a collection’s cursor that is half a character is no failure of ours', async () => {
  const headers = { accept: 'application/activity+json' };
  const path = `/users/${alice.id}/outbox?cursor=${'a'.repeat(19)}${encodeURIComponent('😀')}`;
  const { status } = await (await visit(world.app)).get(path, headers);
  expect(status).toBe(404);
});

test('N05: after a bad signature a known key is looked up anew only if its server may be asked', async () => {
  const carol = world.actor('carol@remote.example');
  await world.accountOf(carol);
  const keys = createKeyRing(world.app.ctx);
  const asked = world.app.remote.requests.length;
  expect(await keys.refetch(carol.keyId, () => false)).toBeUndefined();
  expect(world.app.remote.requests).toHaveLength(asked);
  expect(await keys.refetch(carol.keyId, () => true)).toMatchObject({ ok: true, actorUri: carol.uri });
});

test('requests that break off fill no log', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {});
  const socket = connect(world.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(
    'POST /sign-in HTTP/1.1\r\nHost: parvis.example\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      'Transfer-Encoding: chunked\r\n\r\nFFFF\r\nlogin=',
  );
  await once(socket.resume(), 'close');
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
});
