import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import { signJsonLd, signObject } from '@fedify/fedify';
import { Activity } from '@fedify/vocab';
import { encodeMultibase } from '@fedify/vocab-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextLoader } from '#activitypub/document-loader.ts';
import type { Account } from '#domain/accounts/account.ts';
import { pruneInbox } from '#activitypub/prune.ts';
import { inTransaction } from '#context.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { follow } from '#domain/relationships/follow.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import type { Json, RemoteActor } from '../support/remote-actor.ts';
import { buildUser } from '../support/world.ts';

/** Activities that somebody passes on, with their actor's own signature within: what relays and forwarding servers send. */

const CONTEXT = ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'];

let world: InboxWorld;
let alice: Account;
let bob: RemoteActor;
let relay: RemoteActor;
const ed25519 = generateKeyPairSync('ed25519');

beforeAll(async () => {
  world = await createInboxWorld();
  alice = await buildUser(world.app.ctx, 'alice');
  const uri = 'https://victim.example/users/bob';
  bob = world.actor('bob@victim.example', {
    document: {
      '@context': [...CONTEXT, 'https://w3id.org/security/multikey/v1', 'https://www.w3.org/ns/did/v1'],
      assertionMethod: [
        { id: `${uri}#ed25519`, type: 'Multikey', controller: uri, publicKeyMultibase: multibaseOf(ed25519.publicKey) },
      ],
    },
  });
  relay = world.actor('relay@relay.example');
  await world.befriend(alice, bob);
  await world.accountOf(relay);
});
afterAll(() => world[Symbol.asyncDispose]());

function multibaseOf(key: KeyObject): string {
  const raw = key.export({ type: 'spki', format: 'der' }).subarray(12);
  return new TextDecoder().decode(encodeMultibase('base58btc', Buffer.concat([Buffer.from([0xed, 0x01]), raw])));
}

function cryptoKey(key: KeyObject, algorithm: object): Promise<CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm as never, true, ['sign']);
}

/** When something is signed, by the test's clock. */
const instantOf = (time = world.app.ctx.now()) => Temporal.Instant.fromEpochMilliseconds(time);

/** With a Linked Data signature by the key of `signer`, under `keyId`. */
async function signLinked(
  activity: Json,
  signer: RemoteActor,
  { keyId = signer.keyId, created }: { keyId?: string; created?: number } = {},
): Promise<Json> {
  const key = await cryptoKey(signer.privateKey, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' });
  const options = { contextLoader, created: instantOf(created) };
  return await signJsonLd({ ...activity, '@context': CONTEXT }, key, new URL(keyId), options);
}

/** With an integrity proof by an Ed25519 key, under `keyId`. */
async function signProof(
  activity: Json,
  privateKey = ed25519.privateKey,
  { keyId = `${bob.uri}#ed25519`, created }: { keyId?: string; created?: number } = {},
): Promise<Json> {
  const object = await Activity.fromJsonLd({ ...activity, '@context': CONTEXT }, { contextLoader });
  const signed = await signObject(object, await cryptoKey(privateKey, { name: 'Ed25519' }), new URL(keyId), {
    contextLoader,
    created: instantOf(created),
  });
  return (await signed.toJsonLd({ format: 'compact', contextLoader })) as Json;
}

async function expectIgnored(activity: Json, note: { id: string }): Promise<void> {
  const before = await world.traces();
  expect([400, 401, 403]).toContain(await world.deliver(relay, activity));
  expect(await world.traces()).toEqual(before);
  expect(await findPostByUri(world.app.ctx.db, note.id)).toBeUndefined();
}

test('a post with its author’s Linked Data signature is taken from whoever brings it, once', async () => {
  const note = bob.note({ tag: [{ type: 'Mention', href: alice.uri, name: '@alice' }] });
  const signed = await signLinked(bob.activity('Create', note), bob);
  expect(await world.deliver(relay, signed)).toBe(202);
  expect(await findPostByUri(world.app.ctx.db, note.id)).toMatchObject({
    html: '<p>Guten Tag</p>',
    visibility: 'public',
  });
  const received = await world.count('received');
  expect(await world.deliver(relay, signed)).toBe(202);
  expect(await world.deliver(bob, signed)).toBe(202);
  expect(await world.count('received')).toBe(received);
});

test('a post with its author’s integrity proof is taken too', async () => {
  const note = bob.note();
  expect(await world.deliver(relay, await signProof(bob.activity('Create', note)))).toBe(202);
  expect(await findPostByUri(world.app.ctx.db, note.id)).toMatchObject({ html: '<p>Guten Tag</p>' });
});

test('A19: a Linked Data signature by the one who brings it is not the author’s', async () => {
  const note = bob.note();
  await expectIgnored(await signLinked(bob.activity('Create', note), relay), note);
});

test('A19: what was changed after signing is ignored', async () => {
  const note = bob.note();
  const signed = await signLinked(bob.activity('Create', note), bob);
  await expectIgnored({ ...signed, object: { ...note, content: 'changed' } }, note);
});

test('A13 A19: a standalone key that names the author as its owner proves nothing, for signature and proof alike', async () => {
  const note = bob.note();
  const rsaId = 'https://relay.example/keys/rsa';
  world.app.remote.serveActivity({
    '@context': CONTEXT,
    id: rsaId,
    type: 'CryptographicKey',
    owner: bob.uri,
    publicKeyPem: relay.publicPem,
  });
  await expectIgnored(await signLinked(bob.activity('Create', note), relay, { keyId: rsaId }), note);

  const own = generateKeyPairSync('ed25519');
  const keyId = 'https://relay.example/keys/ed25519';
  const key = { id: keyId, type: 'Multikey', controller: bob.uri, publicKeyMultibase: multibaseOf(own.publicKey) };
  world.app.remote.serveActivity({ '@context': ['https://w3id.org/security/multikey/v1'], ...key });
  await expectIgnored(await signProof(bob.activity('Create', note), own.privateKey, { keyId }), note);
});

test('A20: terms that the context redefines mean what they meant when signed', async () => {
  const note = bob.note({ to: [bob.followers], cc: [] });
  const signed = await signLinked(bob.activity('Create', note), bob);
  // Read as plain JSON it would be public; by its own context these words mean something else.
  const context = [...CONTEXT, { audience2: 'https://www.w3.org/ns/activitystreams#to' }];
  await world.deliver(relay, { ...signed, '@context': context, object: { ...note, audience2: 'as:Public' } });
  expect((await findPostByUri(world.app.ctx.db, note.id))?.visibility).not.toBe('public');
});

test('an activity signed within by an unknown actor is taken after its document was read', async () => {
  const carol = world.actor('carol@new.example');
  const note = carol.note({ tag: [{ type: 'Mention', href: alice.uri, name: '@alice' }], cc: [alice.uri] });
  expect(await world.deliver(relay, await signLinked(carol.activity('Create', note), carol))).toBe(202);
  expect(await findPostByUri(world.app.ctx.db, note.id)).toBeDefined();
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('what was signed within is good for half a day, and not before it was made', async () => {
  for (const sign of [
    (created: number, note: Json) => signLinked(bob.activity('Create', note), bob, { created }),
    (created: number, note: Json) => signProof(bob.activity('Create', note), ed25519.privateKey, { created }),
  ]) {
    const now = world.app.ctx.now();
    for (const created of [now - 13 * HOUR, now + 2 * HOUR, Date.UTC(2016, 0, 1)]) {
      const note = bob.note();
      await expectIgnored(await sign(created, note), note);
    }
    expect(await world.deliver(relay, await sign(now - 11 * HOUR, bob.note()))).toBe(202);
  }
});

test('a proof that was made long ago is not new because something beside it says so', async () => {
  const old = await signProof(bob.activity('Create', bob.note()), ed25519.privateKey, {
    created: world.app.ctx.now() - DAY,
  });
  const note = old['object'] as { id: string };
  const proof = old['proof'] as Json;
  const now = new Date(world.app.ctx.now()).toISOString();
  const hidden = { '@context': [...CONTEXT, { created: null, made: 'http://purl.org/dc/terms/created' }] };
  await expectIgnored({ ...old, proof: { ...proof, ...hidden, created: now, made: proof['created'] } }, note);
  await expectIgnored({ ...old, proof: { ...proof, created: now } }, note);
  await expectIgnored({ ...old, proof: { created: now }, 'https://w3id.org/security#proof': proof }, note);
  await expectIgnored({ ...old, proof: [proof, { created: now }] }, note);
  await expectIgnored({ ...old, signature: { created: now } }, note);
});

test('what has been undone is not done again by whoever kept it', async () => {
  const following = await signProof(bob.activity('Follow', alice.uri));
  await world.deliver(bob, following);
  const bobAccount = await world.accountOf(bob);
  const follows = async () => Boolean(await findFollow(world.app.ctx.db, bobAccount.id, alice.id));
  expect(await follows()).toBe(true);
  await world.deliver(bob, bob.activity('Undo', following['id']));
  world.app.clock.advance(11 * HOUR);
  await inTransaction(world.app.ctx, pruneInbox);
  await world.deliver(relay, following);
  expect(await follows()).toBe(false);
  world.app.clock.advance(14 * HOUR);
  await inTransaction(world.app.ctx, pruneInbox);
  await world.deliver(relay, following);
  expect(await follows()).toBe(false);
});

test('an Accept signed within lets in only who asks at present', async () => {
  const { ctx } = world.app;
  const carol = await buildUser(ctx, 'carol');
  const bobAccount = await world.accountOf(bob);
  const asked = async () => {
    await follow(ctx, carol.id, bobAccount.id);
    return (await findFollow(ctx.db, carol.id, bobAccount.id))!;
  };
  const accept = (uri: string) =>
    signProof(bob.activity('Accept', { id: uri, type: 'Follow', actor: carol.uri, object: bob.uri }));
  const first = await asked();
  const never = await accept(first.uri);
  await world.deliver(
    bob,
    bob.activity('Reject', { id: first.uri, type: 'Follow', actor: carol.uri, object: bob.uri }),
  );
  const second = await asked();
  expect(second).toMatchObject({ accepted: false });
  expect(await world.deliver(relay, never)).toBe(202);
  expect(await findFollow(ctx.db, carol.id, bobAccount.id)).toMatchObject({ accepted: false });
  expect(await world.deliver(relay, await accept(second.uri))).toBe(202);
  expect(await findFollow(ctx.db, carol.id, bobAccount.id)).toMatchObject({ accepted: true });
});

test('a profile signed within is read where it lives, however it was', async () => {
  const { '@context': _, ...document } = bob.document;
  const former = await signProof(bob.activity('Update', { ...document, name: 'Former name' }));
  const present = 'Present name';
  world.app.remote.serveActivity({ ...(bob.document as Json & { id: string }), name: present });
  await world.deliver(bob, bob.activity('Update', { ...document, name: present }));
  expect(await world.deliver(relay, former)).toBe(202);
  expect((await world.accountOf(bob)).displayName).toBe(present);
});

test('without an id it could not be known again', async () => {
  const note = bob.note();
  const { id: _, ...activity } = bob.activity('Create', note);
  await expectIgnored(await signLinked(activity, bob), note);
});

test('a key that its owner has replaced is no good any more, for signature and proof alike', async () => {
  const keys = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')] as const;
  const keyId = 'https://rotates.example/users/dora#ed25519';
  const multikey = (key: KeyObject) => [
    { id: keyId, type: 'Multikey', controller: keyId.split('#')[0], publicKeyMultibase: multibaseOf(key) },
  ];
  const context = [...CONTEXT, 'https://w3id.org/security/multikey/v1', 'https://www.w3.org/ns/did/v1'];
  const former = world.actor('dora@rotates.example', {
    document: { '@context': context, assertionMethod: multikey(keys[0].publicKey) },
  });
  await world.befriend(alice, former);
  const create = (content: string) => former.activity('Create', former.note({ content }));
  const notes = async () =>
    (
      await world.app.ctx.db.all<{ html: string }>('SELECT html FROM post WHERE uri LIKE ? ORDER BY id', [
        `${former.uri}/%`,
      ])
    ).map(({ html }) => html);
  // Both keys have been used, so that whoever keeps keys has them.
  expect(await world.deliver(relay, await signLinked(create('1'), former))).toBe(202);
  expect(await world.deliver(relay, await signProof(create('2'), keys[0].privateKey, { keyId }))).toBe(202);
  expect(await notes()).toEqual(['1', '2']);

  const present = world.actor('dora@rotates.example', {
    keyName: 'second',
    document: { '@context': context, assertionMethod: multikey(keys[1].publicKey) },
  });
  expect(present.publicPem).not.toBe(former.publicPem);
  await world.deliver(former, former.activity('Update', present.document));
  const { publicKey: key } = former.document;
  const stolen = [
    await signLinked(create('forged'), former),
    await signProof(create('forged'), keys[0].privateKey, { keyId }),
    await signLinked(
      former.activity('Update', { id: former.uri, type: 'Person', name: 'forged', publicKey: key }),
      former,
    ),
  ];
  for (const activity of stolen) expect(await world.deliver(relay, activity)).toBe(401);
  expect(await notes()).toEqual(['1', '2']);
  // Of requests keys are remembered for some minutes.
  world.app.clock.advance(6 * 60_000);
  expect(await world.deliver(former, create('forged'))).toBe(401);
  expect(await world.deliver(relay, await signLinked(create('3'), present))).toBe(202);
  expect(await world.deliver(relay, await signProof(create('4'), keys[1].privateKey, { keyId }))).toBe(202);
  expect(await notes()).toEqual(['1', '2', '3', '4']);
});

test('a known key is not asked for again, however often it signs', async () => {
  const carol = world.actor('carol@quiet.example');
  await world.accountOf(carol);
  const before = world.app.remote.requests.length;
  for (let n = 0; n < 3; n++) {
    const note = carol.note({ cc: [alice.uri], tag: [{ type: 'Mention', href: alice.uri }] });
    expect(await world.deliver(relay, await signLinked(carol.activity('Create', note), carol))).toBe(202);
  }
  expect(world.app.remote.requests.length).toBe(before);
});
