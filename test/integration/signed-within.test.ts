import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import { signJsonLd, signObject } from '@fedify/fedify';
import { Create } from '@fedify/vocab';
import { encodeMultibase } from '@fedify/vocab-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextLoader } from '#activitypub/document-loader.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
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

/** With a Linked Data signature by the key of `signer`, under `keyId`. */
async function signLinked(activity: Json, signer: RemoteActor, keyId = signer.keyId): Promise<Json> {
  const key = await cryptoKey(signer.privateKey, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' });
  return await signJsonLd({ ...activity, '@context': CONTEXT }, key, new URL(keyId), { contextLoader });
}

/** With an integrity proof by an Ed25519 key, under `keyId`. */
async function signProof(activity: Json, privateKey: KeyObject, keyId: string): Promise<Json> {
  const object = await Create.fromJsonLd({ ...activity, '@context': CONTEXT }, { contextLoader });
  const signed = await signObject(object, await cryptoKey(privateKey, { name: 'Ed25519' }), new URL(keyId), {
    contextLoader,
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
  expect(
    await world.deliver(relay, await signProof(bob.activity('Create', note), ed25519.privateKey, `${bob.uri}#ed25519`)),
  ).toBe(202);
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
  await expectIgnored(await signLinked(bob.activity('Create', note), relay, rsaId), note);

  const own = generateKeyPairSync('ed25519');
  const keyId = 'https://relay.example/keys/ed25519';
  const key = { id: keyId, type: 'Multikey', controller: bob.uri, publicKeyMultibase: multibaseOf(own.publicKey) };
  world.app.remote.serveActivity({ '@context': ['https://w3id.org/security/multikey/v1'], ...key });
  await expectIgnored(await signProof(bob.activity('Create', note), own.privateKey, keyId), note);
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
