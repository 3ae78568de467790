import { generateKeyPairSync } from 'node:crypto';
import { createProof, signJsonLd } from '@fedify/fedify';
import { Note, Create } from '@fedify/vocab';
import { exportMultibaseKey } from '@fedify/vocab-runtime';
import { expect, test } from 'vitest';
import { contextLoader } from '#activitypub/document-loader.ts';
import { createSelfSignedVerifier, createServerFederation } from '#activitypub/federation.ts';
import type { JsonObject } from '#lib/json.ts';
import { createTestApp } from '../support/test-app.ts';

/** What is not signed by whoever brings it, but by its actor within: Fedify verifies that, and our reader gets what was signed. */

const ACTOR = 'https://remote.example/users/rita';
const AS = 'https://www.w3.org/ns/activitystreams';

async function createWorld() {
  const app = await createTestApp();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed25519 = generateKeyPairSync('ed25519');
  const edPublic = ed25519.publicKey.toCryptoKey({ name: 'Ed25519' }, true, ['verify']);
  app.remote.serveActivity({
    '@context': [AS, 'https://w3id.org/security/v1', 'https://w3id.org/security/multikey/v1'],
    id: ACTOR,
    type: 'Person',
    preferredUsername: 'rita',
    inbox: `${ACTOR}/inbox`,
    publicKey: {
      id: `${ACTOR}#main-key`,
      type: 'CryptographicKey',
      owner: ACTOR,
      publicKeyPem: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
    'https://w3id.org/security#assertionMethod': {
      id: `${ACTOR}#ed25519-key`,
      type: 'Multikey',
      controller: ACTOR,
      publicKeyMultibase: await exportMultibaseKey(edPublic),
    },
  });
  app.remote.serve('https://remote.example/users/other', { status: 404 });
  app.remote.serveJrd('acct:rita@remote.example', {
    subject: 'acct:rita@remote.example',
    links: [{ rel: 'self', type: 'application/activity+json', href: ACTOR }],
  });
  const verifySelfSigned = createSelfSignedVerifier(app.ctx, createServerFederation(app.ctx));
  const verify = (activity: unknown) => verifySelfSigned(activity as JsonObject);
  return { app, rsa, ed25519, verify };
}

const create = () =>
  new Create({
    id: new URL('https://remote.example/creates/1'),
    actor: new URL(ACTOR),
    to: new URL(`${AS}#Public`),
    object: new Note({
      id: new URL('https://remote.example/notes/1'),
      attribution: new URL(ACTOR),
      to: new URL(`${AS}#Public`),
      content: 'Passed on',
    }),
  });

test('an integrity proof of the actor vouches for an activity that somebody else brings', async () => {
  const { app, ed25519, verify } = await createWorld();
  await using _ = app;
  const activity = create();
  const key = ed25519.privateKey.toCryptoKey({ name: 'Ed25519' }, true, ['sign']);
  const created = Temporal.Instant.fromEpochMilliseconds(app.ctx.now());
  const proof = await createProof(activity, key, new URL(`${ACTOR}#ed25519-key`), { contextLoader, created });
  const json = (await activity.clone({ proof }).toJsonLd({ format: 'compact', contextLoader })) as {
    object: { content: string };
  };
  const tampered = { ...json, object: { ...json.object, content: 'Something else' } };
  expect(await verify(tampered)).toBeUndefined();
  expect(await verify(json)).toMatchObject({
    type: 'Create',
    actor: ACTOR,
    object: { type: 'Note', content: 'Passed on' },
  });
});

test('A19: a Linked Data signature vouches for its creator only', async () => {
  const { app, rsa, verify } = await createWorld();
  await using _ = app;
  const key = rsa.privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign']);
  const sign = (json: unknown) => signJsonLd(json, key, new URL(`${ACTOR}#main-key`), { contextLoader });
  const json = (await create().toJsonLd({ format: 'compact', contextLoader })) as Record<string, unknown>;
  const forged = { ...json, id: 'https://remote.example/creates/2', actor: 'https://remote.example/users/other' };
  expect(await verify(await sign(forged))).toBeUndefined();
  const signed = (await sign(json)) as unknown as { object: object };
  expect(await verify({ ...signed, object: { ...signed.object, content: 'Changed' } })).toBeUndefined();
  expect(await verify(signed)).toMatchObject({ id: json['id'] });
});

test('A20: a context that redefines terms, or is somewhere else, changes nothing of what is read', async () => {
  const { app, rsa, verify } = await createWorld();
  await using _ = app;
  const key = rsa.privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign']);
  const json = {
    '@context': [AS, 'https://evil.example/context', { summary: 'as:content', content: 'as:summary' }],
    id: 'https://remote.example/creates/3',
    type: 'Create',
    actor: ACTOR,
    to: `${AS}#Public`,
    object: {
      id: 'https://remote.example/notes/3',
      type: 'Note',
      attributedTo: ACTOR,
      summary: 'the contents',
      content: 'the warning',
    },
  };
  const signed = await signJsonLd(json, key, new URL(`${ACTOR}#main-key`), { contextLoader });
  expect(await verify(signed)).toMatchObject({ object: { content: 'the contents', summary: 'the warning' } });
  expect(app.remote.requests.map(({ url }) => url).filter((url) => url.includes('evil'))).toEqual([]);
});

test('what nobody has signed within is refused', async () => {
  const { app, verify } = await createWorld();
  await using _ = app;
  expect(await verify(await create().toJsonLd({ format: 'compact', contextLoader }))).toBeUndefined();
});
