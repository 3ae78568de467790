import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDocumentLoader } from '#activitypub/document-loader.ts';
import { needsFollower } from '#activitypub/inbox/activity.ts';
import { readCreate } from '#activitypub/inbox/create.ts';
import type { Account } from '#domain/accounts/account.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { type Draft, withHeaders } from '../support/http-signing.ts';
import { type Json, type RemoteActor, send, signDelivery } from '../support/remote-actor.ts';
import { buildUser } from '../support/world.ts';

/** What strangers can make the inbox do: counted, and ended where it would be too much. */

const AS = 'https://www.w3.org/ns/activitystreams';

let world: InboxWorld;
let alice: Account;
let mallory: RemoteActor;
let bob: RemoteActor;

beforeAll(async () => {
  world = await createInboxWorld();
  alice = await buildUser(world.app.ctx, 'alice');
  mallory = world.actor('mallory@evil.example');
  bob = world.actor('bob@victim.example');
  await world.accountOf(mallory);
});
afterAll(() => world[Symbol.asyncDispose]());

describe('what is signed within', () => {
  const signed = (fields: Json): Json => ({
    ...bob.activity('Create', bob.note()),
    signature: {
      type: 'RsaSignature2017',
      creator: mallory.keyId,
      created: new Date(world.app.ctx.now()).toISOString(),
      signatureValue: 'AAAA',
    },
    ...fields,
  });

  /** Documents asked for while mallory brings an activity, which is refused. */
  async function askedFor(activity: Json): Promise<string[]> {
    const before = world.app.remote.requests.length;
    expect(await world.deliver(mallory, activity)).toBe(401);
    return world.app.remote.requests.slice(before).map(({ url }) => url);
  }

  test('is not even looked at where it would take long', async () => {
    expect(await askedFor(signed({}))).not.toEqual([]);
    const contexts = Array.from({ length: 17 }, () => 'https://w3id.org/security/v1');
    expect(await askedFor(signed({ '@context': contexts }))).toEqual([]);
    expect(await askedFor(signed({ '@context': [AS, 'http://schema.org/'] }))).toEqual([]);
    expect(await askedFor(signed({ '@context': [AS, { '@import': AS }] }))).toEqual([]);
    expect(await askedFor(signed({ tag: Array.from({ length: 600 }, () => ({})) }))).toEqual([]);
  });

  test('by many, or by reference, is nobody’s', async () => {
    const proof = { type: 'DataIntegrityProof', created: new Date(world.app.ctx.now()).toISOString() };
    const { signature: _signature, ...unsigned } = signed({});
    expect(await askedFor({ ...unsigned, proof: [proof, proof, proof] })).toEqual([]);
    expect(await askedFor({ ...unsigned, proof: `${mallory.uri}/proof` })).toEqual([]);
    const named = { '@context': [AS, { also: { '@id': 'https://w3id.org/security#proof', '@type': '@id' } }] };
    const many = Array.from({ length: 100 }, (_, n) => `${mallory.uri}/proofs/${n}`);
    expect((await askedFor({ ...unsigned, ...named, proof, also: many })).length).toBeLessThanOrEqual(8);
  });

  test('names no document that would take long to expand', async () => {
    const load = createDocumentLoader(world.app.ctx);
    const serve = (name: string, fields: Json) => {
      const id = `${mallory.uri}/${name}`;
      world.app.remote.serveActivity({ ...mallory.document, id, ...fields });
      return id;
    };
    await expect(load(serve('plain', {}))).resolves.toMatchObject({ document: { type: 'Person' } });
    const contexts = Array.from({ length: 2_000 }, () => AS);
    await expect(load(serve('contexts', { '@context': contexts }))).rejects.toThrow('too much');
    await expect(load(serve('members', { tag: contexts }))).rejects.toThrow('too much');
  });

  test('names few documents', async () => {
    const load = createDocumentLoader(world.app.ctx);
    const before = world.app.remote.requests.length;
    const loaded = await Promise.allSettled(Array.from({ length: 20 }, () => load(mallory.uri)));
    expect(loaded.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    expect(world.app.remote.requests.length - before).toBeLessThanOrEqual(8);
  });
});

describe('bodies', () => {
  /** The head of a request, sent without its body. */
  function open(draft: Draft, headers: Record<string, string | undefined> = {}): Socket {
    const lines = withHeaders(draft, { 'content-length': '1000', ...headers }).headers.map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const socket = connect(world.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`POST /inbox HTTP/1.1\r\n${lines.join('')}\r\n`);
    return socket;
  }

  async function statusOf(socket: Socket): Promise<number> {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return Number(chunk.toString().split(' ')[1]);
  }

  const draft = () => signDelivery(world.app, mallory, mallory.activity('Like', alice.uri));

  test('are not waited for where the head says enough', async () => {
    expect(await statusOf(open(draft(), { signature: undefined }))).toBe(401);
    expect(await statusOf(open(draft(), { signature: 'nonsense' }))).toBe(401);
    expect(await statusOf(open(draft(), { host: 'other.example' }))).toBe(421);
    expect(await statusOf(open(draft(), { 'content-type': 'text/plain' }))).toBe(415);
    expect(await statusOf(open(draft(), { 'content-length': String(2 * 1024 * 1024) }))).toBe(413);
    const elsewhere = signDelivery(world.app, mallory, {}, { keyId: `${alice.uri}#main-key` });
    expect(await statusOf(open(elsewhere))).toBe(401);
  });

  test('of one place are only so many under way, and other places have their own', async () => {
    const slow = Array.from({ length: 128 }, () => open(draft(), { 'x-forwarded-for': '192.0.2.7' }));
    await Promise.all(slow.map((socket) => once(socket, 'connect')));
    // Behind all the others, as they came first.
    const first = await statusOf(open(draft(), { 'x-forwarded-for': '192.0.2.7' }));
    expect(first).toBe(503);
    const other = withHeaders(draft(), { 'x-forwarded-for': '192.0.2.8' });
    expect((await send(world.port, other)).status).toBe(202);
    for (const socket of slow) socket.destroy();
    await expect
      .poll(async () => (await send(world.port, withHeaders(draft(), { 'x-forwarded-for': '192.0.2.7' }))).status)
      .toBe(202);
  });
});

describe('limits', () => {
  test('count a whole /64 as one place, which cannot use up what may be asked of another host', async () => {
    await using limited = await createInboxWorld({ config: { rateLimits: true } });
    const honest = limited.actor('honest@victim.example');
    const from = (address: string, actor: RemoteActor, keyId?: string) =>
      withHeaders(
        signDelivery(limited.app, actor, actor.activity('Like', 'https://x.example/'), keyId ? { keyId } : {}),
        { 'x-forwarded-for': address },
      );
    for (let n = 0; n < 700; n++) {
      await send(limited.port, from(`2001:db8:1:1::${n.toString(16)}`, honest, `https://victim.example/nobody/${n}`));
    }
    const asked = limited.app.remote.requests.filter(({ url }) => url.includes('/nobody/'));
    expect(asked.length).toBeLessThanOrEqual(60);
    expect((await send(limited.port, from('2001:db8:1:2::1', honest))).status).toBe(202);
  });
});

test('an activity of more members than any real one is refused', async () => {
  const tag = (count: number) => Array.from({ length: count }, () => ({}));
  expect(await world.deliver(mallory, mallory.activity('Like', alice.uri, { tag: tag(9_900) }))).toBe(202);
  expect(await world.deliver(mallory, mallory.activity('Like', alice.uri, { tag: tag(10_000) }))).toBe(400);
});

test('a post that concerns nobody is not sanitised', async () => {
  const account = await world.accountOf(mallory);
  const note = mallory.note({ tag: [] });
  let looked = 0;
  Object.defineProperty(note, 'content', { enumerable: true, get: () => void looked++ });
  const json = mallory.activity('Create', note);
  expect(await readCreate(world.app.ctx, { actor: account, id: json.id, json }, 'local')).toBe(needsFollower);
  expect(looked).toBe(0);
});
