import { expect, test } from 'vitest';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { openDoor } from '../support/ask.ts';
import { createTestApp } from '../support/test-app.ts';
import { buildUser } from '../support/world.ts';

const ORIGIN = 'https://parvis.example';

async function createWorld(host?: string) {
  const app = await createTestApp(host === undefined ? {} : { config: { origin: `https://${host}`, host } });
  const ask = await openDoor(app);
  const alice = await buildUser(app.ctx, 'Alice');
  const finger = (resource: string) => ask(`/.well-known/webfinger?resource=${encodeURIComponent(resource)}`, {});
  return { app, ask, alice, finger };
}

test('an account is found by its handle, its id and its page, with one answer', async () => {
  const { app, alice, finger } = await createWorld();
  await using _ = app;
  const answer = await finger('acct:Alice@parvis.example');
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/jrd+json; charset=utf-8');
  expect(answer.headers['access-control-allow-origin']).toBe('*');
  expect(answer.json).toEqual({
    subject: 'acct:Alice@parvis.example',
    aliases: [`${ORIGIN}/@Alice`, alice.uri],
    links: [
      { rel: 'self', href: alice.uri, type: 'application/activity+json' },
      { rel: 'http://webfinger.net/rel/profile-page', href: `${ORIGIN}/@Alice`, type: 'text/html' },
      { rel: 'http://ostatus.org/schema/1.0/subscribe', template: `${ORIGIN}/authorize_interaction?uri={uri}` },
    ],
  });
  for (const resource of [alice.uri, `${ORIGIN}/@Alice`, `${ORIGIN}/@alice`]) {
    expect((await finger(resource)).text, resource).toBe(answer.text);
  }
});

test('A79: every spelling of a handle is the same account, and no look-alike is', async () => {
  const { app, finger } = await createWorld();
  await using _ = app;
  const { text } = await finger('acct:alice@parvis.example');
  for (const same of [
    'acct:ALICE@PARVIS.EXAMPLE',
    'acct:alice@parvis.example.',
    'acct:@alice@parvis.example',
    'acct:alice@parvis.example:443',
    'alice@parvis.example',
  ]) {
    expect((await finger(same)).text, same).toBe(text);
  }
  const others = [
    'acct:аlice@parvis.example', // a Cyrillic а
    'acct:ali\u200bce@parvis.example',
    'acct:alice@parvis.exam\u00adple',
    'acct:alice\u0000@parvis.example',
    'acct:alice@parvis.example:8443',
    'acct:alice@evil.example',
    'acct:alice@parvis.example@evil.example',
    'acct:alice%40parvis.example',
    'acct:alice',
    'https://evil.example/@alice',
    `${ORIGIN.replace('https', 'http')}/@alice`,
    `https://x@parvis.example/@alice`,
    'mailto:alice@parvis.example',
    '',
  ];
  for (const other of others) expect((await finger(other)).status, JSON.stringify(other)).toBe(404);
});

test('an internationalised host is found in both of its spellings', async () => {
  const { app, ask } = await createWorld('xn--dbat-bpa.example');
  await using _ = app;
  for (const spelling of ['débat.example', 'xn--dbat-bpa.example', 'DÉBAT.example']) {
    const path = `/.well-known/webfinger?resource=${encodeURIComponent(`acct:alice@${spelling}`)}`;
    expect((await ask(path, {})).status, spelling).toBe(200);
  }
});

test('a request without one resource is a mistake', async () => {
  const { app, ask } = await createWorld();
  await using _ = app;
  expect((await ask('/.well-known/webfinger', {})).status).toBe(400);
  expect(
    (await ask('/.well-known/webfinger?resource=acct:a@b.example&resource=acct:alice@parvis.example', {})).status,
  ).toBe(400);
});

test('the server itself is found by its own name', async () => {
  const { app, finger } = await createWorld();
  await using _ = app;
  const { json } = await finger('acct:parvis.example@parvis.example');
  expect(json['subject']).toBe('acct:instance@parvis.example');
});

test('the answer is as new as the account', async () => {
  const { app, alice, finger } = await createWorld();
  await using _ = app;
  const before = await finger(alice.uri);
  await updateProfile(app.ctx, alice.id, { displayName: 'Another name' });
  expect((await finger(alice.uri)).text).toBe(before.text);
});

test('host-meta says where WebFinger is, as XML and as JSON', async () => {
  const { app, ask } = await createWorld();
  await using _ = app;
  const template = `${ORIGIN}/.well-known/webfinger?resource={uri}`;
  const xml = await ask('/.well-known/host-meta', {});
  expect(xml.headers['content-type']).toBe('application/xrd+xml; charset=utf-8');
  expect(xml.text).toContain(`template="${template}"`);
  expect((await ask('/.well-known/host-meta.json', {})).json).toEqual({
    links: [{ rel: 'lrdd', type: 'application/jrd+json', template }],
  });
});
