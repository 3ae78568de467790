import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAccount, findAccountByHandle, findAccountByUri } from '#domain/accounts/account-store.ts';
import { findPost, findPostByUri } from '#domain/posts/post-store.ts';
import { createTestApp, type TestApp } from '../support/test-app.ts';
import { AS, buildRemoteActor, type RemoteActor, serveHandle } from '../support/remote-actor.ts';

let app: TestApp;
let bob: RemoteActor;

beforeAll(async () => {
  app = await createTestApp({ config: { role: 'web' } });
  bob = buildRemoteActor(app.remote, 'bob@victim.example');
});
afterAll(() => app[Symbol.asyncDispose]());

const lookup = (what: string) => app.ctx.lookup.account(what);
const lookupPost = (uri: string) => app.ctx.lookup.post(uri);
const count = async (table: string) => (await app.ctx.db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))!.n;

describe('finding', () => {
  test('an account by handle, by URI, and by the page that shows it', async () => {
    const id = await lookup('@Bob@VICTIM.example');
    expect(id).toBeDefined();
    expect(await lookup(bob.uri)).toBe(id);
    app.remote.serve('https://victim.example/@bob', { redirectTo: bob.uri });
    expect(await lookup('https://victim.example/@bob')).toBe(id);
    expect(await findAccount(app.ctx.db, id!)).toMatchObject({
      username: 'bob',
      host: 'victim.example',
      displayName: 'BOB',
      inbox: `${bob.uri}/inbox`,
      sharedInbox: 'https://victim.example/inbox',
    });
  });

  test('a post with what it answers, up to the beginning of the thread', async () => {
    const first = bob.note();
    const second = bob.note({ inReplyTo: first.id });
    const third = bob.note({ inReplyTo: second.id });
    for (const note of [first, second, third]) app.remote.serveActivity(note);
    const id = await lookupPost(third.id);
    const begin = await findPostByUri(app.ctx.db, first.id);
    expect(await findPost(app.ctx.db, id!)).toMatchObject({ threadId: begin!.id, inReplyToUri: second.id });
    expect(begin).toMatchObject({ repliesCount: 1 });
    expect(await lookupPost(third.id)).toBe(id);
  });

  test('an account is read again after a day, and at most once at a time', async () => {
    const zoe = buildRemoteActor(app.remote, 'zoe@fresh.example');
    const id = await lookup(zoe.uri);
    const fetches = () => app.remote.requests.filter(({ url }) => url === zoe.uri).length;
    await lookup(zoe.uri);
    expect(fetches()).toBe(1);
    app.remote.serveActivity({ ...zoe.document, name: 'Zoé' });
    app.clock.advance(25 * 3_600_000);
    await Promise.all([lookup(zoe.uri), lookup(zoe.uri), lookup(zoe.uri)]);
    expect(await lookup('zoe@fresh.example')).toBe(id);
    expect(fetches()).toBe(2);
    expect(await findAccount(app.ctx.db, id!)).toMatchObject({ displayName: 'Zoé' });
  });

  test('nothing of this server is ever fetched', async () => {
    const before = app.remote.requests.length;
    expect(await lookup('https://parvis.example/users/1')).toBeUndefined();
    expect(await lookup('nobody@parvis.example')).toBeUndefined();
    expect(await lookupPost('https://parvis.example/posts/1')).toBeUndefined();
    expect(app.remote.requests.length).toBe(before);
  });

  test('what is no address, has no server, or is no actor or post is not found', async () => {
    app.remote.serveActivity({ '@context': AS, id: 'https://victim.example/things/1', type: 'Place' });
    for (const what of [
      '',
      'x',
      'a b',
      'javascript:alert(1)',
      'a@b@c',
      'ghost@victim.example',
      'https://down.example/users/x',
      'https://victim.example/things/1',
    ]) {
      expect(await lookup(what)).toBeUndefined();
      expect(await lookupPost(what)).toBeUndefined();
    }
  });
});

describe('spoof-fetch', () => {
  test('A01: a document elsewhere with a victim’s id is asked for at the victim’s', async () => {
    const note = bob.note({ id: `${bob.uri}/notes/never-written`, content: 'forged' });
    app.remote.serveActivity(note, 'https://evil.example/copy');
    expect(await lookupPost('https://evil.example/copy')).toBeUndefined();
    const real = bob.note({ content: 'real' });
    app.remote.serveActivity(real);
    app.remote.serveActivity({ ...real, content: 'forged' }, 'https://evil.example/copy2');
    const id = await lookupPost('https://evil.example/copy2');
    expect(await findPost(app.ctx.db, id!)).toMatchObject({ html: 'real' });

    const fake = { ...bob.document, id: 'https://victim.example/users/anna', preferredUsername: 'anna' };
    app.remote.serveActivity(fake, 'https://evil.example/anna');
    expect(await lookup('https://evil.example/anna')).toBeUndefined();
    expect(await findAccountByUri(app.ctx.db, 'https://victim.example/users/anna')).toBeUndefined();
  });

  test('A01: a post that says it is by somebody of another server is refused', async () => {
    const forged = { ...bob.note(), id: 'https://evil.example/notes/1' };
    app.remote.serveActivity(forged);
    expect(await lookupPost(forged.id)).toBeUndefined();
  });

  test('A02: only ActivityStreams content types are believed', async () => {
    for (const [index, type] of [
      'text/plain',
      'image/png',
      'application/json',
      'text/html',
      'application/ld+json',
    ].entries()) {
      const upload = bob.note({ id: `https://victim.example/media/${index}` });
      app.remote.serve(upload.id, { headers: { 'content-type': type }, body: JSON.stringify(upload) });
      expect(await lookupPost(upload.id)).toBeUndefined();
    }
    const good = bob.note({ id: 'https://victim.example/media/good' });
    const type = 'Application/LD+JSON; charset=utf-8; Profile="https://www.w3.org/ns/activitystreams"';
    app.remote.serve(good.id, { headers: { 'content-type': type }, body: JSON.stringify(good) });
    expect(await lookupPost(good.id)).toBeDefined();
  });

  test('A04: a redirect to another server proves nothing about the first', async () => {
    const id = 'https://victim.example/notes/open-redirect';
    app.remote.serve(id, { redirectTo: 'https://evil.example/served' });
    app.remote.serveActivity(bob.note({ id }), 'https://evil.example/served');
    expect(await lookupPost(id)).toBeUndefined();
  });

  test('A70: an actor’s addresses are web addresses or nothing', async () => {
    const eve = buildRemoteActor(app.remote, 'eve@odd.example', {
      document: {
        url: 'javascript:alert(1)',
        icon: { url: 'data:text/html,x' },
        image: [{ type: 'Link', href: 'vbscript:x' }],
        alsoKnownAs: ['file:///x', 'https://odd.example/users/old'],
      },
    });
    const id = await lookup(eve.uri);
    expect(await findAccount(app.ctx.db, id!)).toMatchObject({
      url: eve.uri,
      avatarUrl: undefined,
      headerUrl: undefined,
      alsoKnownAs: ['https://odd.example/users/old'],
    });
  });

  test('A58: an actor’s properties are bounded', async () => {
    const many = Array.from({ length: 1_500 }, (_, n) => n);
    const eve = buildRemoteActor(app.remote, 'eve@large.example', {
      document: {
        name: 'x'.repeat(500_000),
        summary: '<b>'.repeat(20_000),
        attachment: many.map((n) => ({ type: 'PropertyValue', name: `${n}`, value: 'v'.repeat(100) })),
        alsoKnownAs: many.map((n) => `https://large.example/${n}`),
        tag: many.map((n) => ({ type: 'Emoji', name: `:e${n}:`, icon: { url: 'https://large.example/e.png' } })),
      },
    });
    const account = (await findAccount(app.ctx.db, (await lookup(eve.uri))!))!;
    expect(account.displayName.length).toBeLessThanOrEqual(200);
    expect(account.summaryHtml.length).toBeLessThanOrEqual(20_000);
    expect(account.fields.length).toBeLessThanOrEqual(16);
    expect(account.alsoKnownAs.length).toBeLessThanOrEqual(20);
    expect(account.emojis.length).toBeLessThanOrEqual(64);
  });
});

describe('spoof-handle', () => {
  test('A79: every spelling of a handle finds the same account, and look-alikes find nobody', async () => {
    const id = await lookup('bob@victim.example');
    for (const spelling of ['acct:Bob@VICTIM.example', '@bob@victim.example.', 'BOB@Victim.Example:443'])
      expect(await lookup(spelling)).toBe(id);
    for (const spelling of [
      'bоb@victim.example',
      'bob\u200b@victim.example',
      'bob@victim.example@evil.example',
      'bob@vic\u00adtim.example',
      'bob @victim.example',
    ]) {
      expect(await lookup(spelling)).toBeUndefined();
    }
  });

  test('A79: an actor that claims another host’s handle does not get it', async () => {
    const claims = buildRemoteActor(app.remote, 'thief@evil.example', {
      document: { webfinger: 'bob@victim.example' },
    });
    serveHandle(app.remote, 'thief@evil.example', claims.uri, 'bob@victim.example');
    const id = await lookup(claims.uri);
    expect(await findAccount(app.ctx.db, id!)).toMatchObject({ username: 'thief', host: 'evil.example' });
    expect(await findAccountByHandle(app.ctx.db, 'bob', 'victim.example')).toMatchObject({ uri: bob.uri });
  });

  test('A79: a handle that leads to somebody else’s actor finds nobody', async () => {
    serveHandle(app.remote, 'president@evil.example', bob.uri);
    expect(await lookup('president@evil.example')).toBeUndefined();
    serveHandle(app.remote, 'bob@evil.example', bob.uri);
    expect(await lookup('bob@evil.example')).toBeUndefined();
  });

  test('A79: an actor of the same server cannot take a name that is confirmed for another', async () => {
    await lookup('bob@victim.example');
    const squatter = buildRemoteActor(app.remote, 'bob@victim.example', {
      uri: 'https://victim.example/uploads/bob',
      webfinger: 'none',
    });
    expect(await lookup(squatter.uri)).toBeUndefined();
    serveHandle(app.remote, 'bob@victim.example', bob.uri);
    expect(await findAccountByHandle(app.ctx.db, 'bob', 'victim.example')).toMatchObject({ uri: bob.uri });
  });

  test('a split domain is believed if both sides say so', async () => {
    const anna = buildRemoteActor(app.remote, 'anna@social.split.example', {});
    serveHandle(app.remote, 'anna@social.split.example', anna.uri, 'anna@split.example');
    serveHandle(app.remote, 'anna@split.example', anna.uri);
    const id = await lookup('anna@split.example');
    expect(await findAccount(app.ctx.db, id!)).toMatchObject({ username: 'anna', host: 'split.example' });
    expect(await lookup('anna@social.split.example')).toBe(id);
  });

  test('a handle given to another actor by its host goes to that one', async () => {
    const former = buildRemoteActor(app.remote, 'max@moved.example');
    const formerId = await lookup(former.uri);
    const present = buildRemoteActor(app.remote, 'max@moved.example', { uri: 'https://moved.example/actors/max' });
    const id = await lookup(present.uri);
    expect(await findAccountByHandle(app.ctx.db, 'max', 'moved.example')).toMatchObject({ id });
    expect(await findAccount(app.ctx.db, formerId!)).toMatchObject({ uri: former.uri });
  });
});

describe('dos', () => {
  test('A62: an endless thread is followed some way, a circle once around', async () => {
    const { remote } = app;
    const chain = (n: number): string => `https://victim.example/chain/${n}`;
    for (let n = 0; n < 60; n++) remote.serveActivity(bob.note({ id: chain(n), inReplyTo: chain(n + 1) }));
    const before = await count('post');
    expect(await lookupPost(chain(0))).toBeDefined();
    expect((await count('post')) - before).toBeLessThanOrEqual(21);

    const [one, other] = ['https://victim.example/circle/1', 'https://victim.example/circle/2'];
    remote.serveActivity(bob.note({ id: one, inReplyTo: other }));
    remote.serveActivity(bob.note({ id: other, inReplyTo: one }));
    remote.serveActivity(
      bob.note({ id: 'https://victim.example/circle/self', inReplyTo: 'https://victim.example/circle/self' }),
    );
    const requests = remote.requests.length;
    expect(await lookupPost(one)).toBeDefined();
    expect(await lookupPost('https://victim.example/circle/self')).toBeDefined();
    expect(remote.requests.length - requests).toBeLessThanOrEqual(3);
  });

  test('A61: no collection of a stranger is walked', async () => {
    const greedy = buildRemoteActor(app.remote, 'greedy@collections.example');
    const note = greedy.note({
      replies: { type: 'Collection', first: 'https://collections.example/replies?page=1', totalItems: 1e15 },
    });
    app.remote.serveActivity(note);
    await lookupPost(note.id);
    expect(
      app.remote.requests.some(
        ({ url }) => /replies|followers|featured/.test(url) && url.includes('collections.example'),
      ),
    ).toBe(false);
  });
});
