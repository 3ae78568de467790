import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { updateSettings } from '#domain/instance/settings.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import { favourite } from '#domain/posts/favourite.ts';
import { pin } from '#domain/posts/pin.ts';
import { follow } from '#domain/relationships/follow.ts';
import type { Post } from '#domain/posts/post.ts';
import { buildRemoteAccount, buildRemotePost } from '../../support/remote-posts.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

let app: TestApp;
let anybody: Visitor;
let alice: Account;
let bob: Account;
let carol: Account;
let post: Post;

beforeAll(async () => {
  app = await createTestApp();
  anybody = await visit(app);
  alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
  bob = await buildUser(app.ctx, 'bob');
  carol = await buildRemoteAccount(app.ctx, 'carol', { displayName: 'Carol' });
  post = await buildPost(app.ctx, alice, { text: 'The market stays on the square. #Market', language: 'en' });
});
afterAll(() => app[Symbol.asyncDispose]());

describe('the front page', () => {
  it('says what this place is, its rules, its people and what they said last', async () => {
    await updateSettings(app.ctx, {
      name: 'The Square',
      description: 'News of the town.',
      rules: ['Sign what you say.'],
    });
    const { status, text } = await anybody.get('/');
    expect(status).toBe(200);
    for (const said of [
      '<h1 dir="auto">The Square</h1>',
      'News of the town.',
      'Sign what you say.',
      'href="/@alice"',
      'The market stays',
    ]) {
      expect(text).toContain(said);
    }
    expect(text).not.toContain('@instance');
  });

  it('stays within 60 kB, 6 requests and this host', async () => {
    const front = await anybody.get('/');
    const loaded = [
      ...front.text.matchAll(/<(?:link rel="(?:stylesheet|icon)"[^>]*href|img[^>]*src|script[^>]*src)="([^"]+)"/g),
    ].map(([, url]) => url!);
    expect(loaded.length + 1).toBeLessThanOrEqual(6);
    let bytes = Buffer.byteLength(front.text);
    for (const url of loaded) {
      expect(url).toMatch(/^\/assets\//);
      bytes += Buffer.byteLength((await anybody.get(url)).text);
    }
    expect(bytes).toBeLessThan(60_000);
    expect(front.text).not.toMatch(/<script(?! type="application\/ld\+json")|<style| style="| on[a-z]+="/);
  });

  it('does not show posts of other servers, reblogs of them, or posts for few', async () => {
    await buildRemotePost(app.ctx, carol, { html: '<p>Remote words</p>' });
    await buildPost(app.ctx, alice, { text: 'Quiet words', visibility: 'unlisted' });
    await buildPost(app.ctx, alice, { text: 'Private words', visibility: 'followers' });
    app.clock.advance(10_000);
    const { text } = await anybody.get('/');
    expect(text).not.toMatch(/Remote words|Quiet words|Private words/);
  });
});

describe('profiles', () => {
  it('show posts, replies and media under tabs', async () => {
    await buildPost(app.ctx, alice, {
      text: '@bob I disagree',
      inReplyToId: (await buildPost(app.ctx, bob, { text: 'A claim' })).id,
    });
    const posts = await anybody.get('/@alice');
    expect(posts.text).toContain('The market stays');
    expect(posts.text).not.toContain('I disagree');
    expect((await anybody.get('/@alice/replies')).text).toContain('I disagree');
    const media = await anybody.get('/@alice/media');
    expect(media.status).toBe(200);
    expect(media.text).not.toContain('The market stays');
  });

  it('A79: have one address each, whatever the spelling asked for', async () => {
    for (const path of ['/@Alice', '/@alice@parvis.example', '/@ALICE@PARVIS.example', '/@alice@parvis.example.']) {
      const { status, headers } = await anybody.get(path);
      expect([path, status, headers['location']]).toEqual([path, 301, '/@alice']);
    }
    for (const path of ['/@al%E2%80%8Bice', '/@%D0%B0lice', '/@alice%00', '/@alice@evil.example', '/@']) {
      expect([path, (await anybody.get(path)).status]).toEqual([path, 404]);
    }
  });

  it('of other servers are shown as far as known, unindexed, with a link to the original', async () => {
    const { status, text } = await anybody.get('/@carol@remote.example');
    expect(status).toBe(200);
    expect(text).toContain('<meta name="robots" content="noindex">');
    expect(text).toContain('<link rel="canonical" href="https://remote.example/@carol">');
    expect(text).toContain('Remote words');
  });

  it('are indexed only with the consent of both the account and the owner', async () => {
    const noindex = '<meta name="robots" content="noindex">';
    expect((await anybody.get('/@alice')).text).toContain(noindex);
    await updateProfile(app.ctx, alice.id, { indexable: true });
    expect((await anybody.get('/@alice')).text).not.toContain(noindex);
    await updateSettings(app.ctx, { indexing: 'refused' });
    expect((await anybody.get('/@alice')).text).toContain(noindex);
    await updateSettings(app.ctx, { indexing: 'allowed' });
    await updateProfile(app.ctx, alice.id, { indexable: false });
  });

  it('show pinned posts first and page backwards by id', async () => {
    const many = await buildUser(app.ctx, 'many');
    const first = await buildPost(app.ctx, many, { text: 'Number 0' });
    for (let n = 1; n <= 25; n++) await buildPost(app.ctx, many, { text: `Number ${n}.` });
    await pin(app.ctx, many.id, first.id);
    const newest = await anybody.get('/@many');
    expect(newest.text.indexOf('Number 0')).toBeLessThan(newest.text.indexOf('Number 25.'));
    expect(newest.text).toContain('Pinned');
    const next = /<a rel="next" href="([^"]+)"/.exec(newest.text)![1]!;
    expect(next).toMatch(/^\/@many\?before=\d+$/);
    const older = await anybody.get(next);
    expect(older.text).toContain('Number 5.');
    expect(older.text).not.toContain('Number 6.');
    expect(older.text).toContain('rel="first" href="/@many"');
  });

  it('that were deleted are gone, and unknown ones absent', async () => {
    const dave = await buildUser(app.ctx, 'dave');
    await deleteAccount(app.ctx, dave.id);
    expect((await anybody.get('/@dave')).status).toBe(410);
    expect((await anybody.get('/@nobody')).status).toBe(404);
  });

  it('of the server itself lead to the page about it', async () => {
    expect((await anybody.get('/@instance')).headers['location']).toBe('/about');
  });
});

describe('lists of followers', () => {
  it('are shown where public and absent where hidden', async () => {
    await follow(app.ctx, bob.id, alice.id);
    expect((await anybody.get('/@alice/followers')).text).toContain('href="/@bob"');
    expect((await anybody.get('/@bob/following')).text).toContain('href="/@alice"');
    await updateProfile(app.ctx, alice.id, { hidesNetwork: true });
    expect((await anybody.get('/@alice/followers')).status).toBe(404);
    expect((await anybody.get('/@alice/following')).status).toBe(404);
    expect((await anybody.get('/@alice')).text).not.toContain('/@alice/followers');
    await updateProfile(app.ctx, alice.id, { hidesNetwork: false });
    expect((await anybody.get('/@carol@remote.example/followers')).status).toBe(404);
  });
});

describe('the page about this place', () => {
  it('names those who run it, whether they want to be in lists of people or not', async () => {
    await updateProfile(app.ctx, alice.id, { discoverable: false });
    app.clock.advance(60_000);
    expect((await anybody.get('/about')).text).toMatch(/Run by[^]*href="\/@alice"/);
    await updateProfile(app.ctx, alice.id, { discoverable: true });
  });
});

describe('feeds', () => {
  it('hold the latest public posts, however many others came after them', async () => {
    const quiet = await buildUser(app.ctx, 'quiet');
    await buildPost(app.ctx, quiet, { text: 'Said aloud' });
    for (let n = 0; n < 61; n++) await buildPost(app.ctx, quiet, { text: 'Hush', visibility: 'unlisted' });
    const { text } = await anybody.get('/@quiet.atom');
    expect(text).toContain('Said aloud');
    expect(text).not.toContain('Hush');
  });

  it('without posts are of today', async () => {
    const { status, text } = await anybody.get('/tags/nothing.atom');
    expect(status).toBe(200);
    expect(text).toContain('<updated>2026-01-15T00:00:00.000Z</updated>');
  });
});

describe('the way to sign in', () => {
  it('leads back to the page one came from', async () => {
    const { text } = await anybody.get(`/@alice/${post.id}`);
    expect(text).toContain(`href="/sign-in?to=${encodeURIComponent(`/@alice/${post.id}`)}"`);
    for (const path of ['/', '/sign-in?to=%2Fabout', '/nothing'])
      expect((await anybody.get(path)).text).toContain('href="/sign-in"');
  });
});

describe('posts', () => {
  it('are shown with their whole thread', async () => {
    const root = await buildPost(app.ctx, alice, { text: 'Opening' });
    const answer = await buildPost(app.ctx, bob, { text: 'Answer', inReplyToId: root.id });
    await buildRemotePost(app.ctx, carol, { html: '<p>Deeper</p>', inReplyToUri: answer.uri });
    const { text } = await anybody.get(`/@bob/${answer.id}`);
    expect(text.indexOf('<p>Opening')).toBeLessThan(text.indexOf('<p>Answer'));
    expect(text.indexOf('<p>Answer')).toBeLessThan(text.indexOf('<p>Deeper'));
    expect((await anybody.get(`/@alice/${root.id}`)).text).toContain('depth-1');
  });

  it('have one address: another name in it, or the id alone, leads there', async () => {
    for (const path of [`/@bob/${post.id}`, `/posts/${post.id}`]) {
      const { status, headers } = await anybody.get(path);
      expect([path, status, headers['location']]).toEqual([path, 301, `/@alice/${post.id}`]);
      expect(headers['vary']).toContain('Accept');
    }
    expect((await anybody.get(`/users/${alice.id}`)).headers['location']).toBe('/@alice');
  });

  it('of programs elsewhere are led to by their id too', async () => {
    const bot = await buildRemoteAccount(app.ctx, 'bot', { kind: 'application' });
    const { status, headers } = await anybody.get(`/users/${bot.id}`);
    expect([status, headers['location']]).toEqual([302, '/@bot@remote.example']);
  });

  it('hide behind their warning, which is all that previews tell', async () => {
    const warned = await buildPost(app.ctx, alice, { text: 'The butler did it', summary: 'End of the novel' });
    const { text } = await anybody.get(`/@alice/${warned.id}`);
    expect(text).toMatch(/<details class="warning"><summary>[^]*End of the novel[^]*<\/summary>[^]*The butler did it/);
    expect(text.slice(0, text.indexOf('</head>'))).not.toContain('butler');
  });

  it('keep their language and direction', async () => {
    const arabic = await buildPost(app.ctx, bob, { text: '@alice مرحبا بالجميع', language: 'ar' });
    const { text } = await anybody.get(`/@bob/${arabic.id}`);
    expect(text).toContain('<div class="prose" dir="rtl" lang="ar">');
  });
});

describe('hashtags', () => {
  it('have one page for all spellings, with public posts only', async () => {
    await buildPost(app.ctx, alice, { text: 'Unlisted #market', visibility: 'unlisted' });
    expect((await anybody.get('/tags/Market')).headers['location']).toBe('/tags/market');
    expect((await anybody.get('/tags/Market?before=1')).headers['location']).toBe('/tags/market?before=1');
    expect((await anybody.get('/tags/Market.atom')).headers['location']).toBe('/tags/market.atom');
    const { text } = await anybody.get('/tags/market');
    expect(text).toContain('The market stays');
    expect(text).not.toContain('Unlisted');
    expect((await anybody.get('/tags/nothing')).status).toBe(200);
  });
});

describe('kept pages', () => {
  it('are answered anew as soon as anything on them changes', async () => {
    const page = `/@alice/${post.id}`;
    const first = await anybody.get(page);
    const etag = first.headers['etag']!;
    expect(first.headers['cache-control']).toBe('public, no-cache');
    expect((await anybody.get(page, { 'if-none-match': etag })).status).toBe(304);
    await favourite(app.ctx, bob.id, post.id);
    const second = await anybody.get(page, { 'if-none-match': etag });
    expect(second.status).toBe(200);
    expect(second.text).toContain('1 favourite');
    await editPost(app.ctx, alice.id, post.id, { text: 'The market moves. #Market' });
    expect((await anybody.get(page)).text).toContain('The market moves');
    expect((await anybody.get('/@alice')).text).toContain('The market moves');
    await updateProfile(app.ctx, alice.id, { displayName: 'Alice Martin' });
    expect((await anybody.get(page)).text).toContain('Alice Martin');
    await buildPost(app.ctx, bob, { text: 'A late answer', inReplyToId: post.id });
    expect((await anybody.get(page)).text).toContain('A late answer');
    await updateSettings(app.ctx, { name: 'The New Square' });
    expect((await anybody.get(page)).text).toContain('The New Square');
  });

  it('never mix languages, colours or viewers', async () => {
    const english = await anybody.get('/@alice', { 'accept-language': 'en' });
    const french = await anybody.get('/@alice', { 'accept-language': 'fr-CA,fr;q=0.9,en;q=0.5' });
    expect(english.text).toContain('<html lang="en"');
    expect(french.text).toContain('<html lang="fr"');
    expect(french.headers['vary']).toBe('Accept, Accept-Language, Cookie');
    const dark = await visit(app);
    await dark.prefer({ theme: 'dark', to: '/@alice' });
    expect((await dark.get('/@alice')).text).toContain('data-theme="dark"');
    expect((await anybody.get('/@alice')).text).toContain('data-theme="auto"');
    const signedIn = await visit(app);
    await signedIn.signIn('bob');
    const own = await signedIn.get('/@alice');
    expect(own.text).toContain('action="/sign-out"');
    expect(own.headers['cache-control']).toBe('private, no-store');
    expect((await anybody.get('/@alice')).text).not.toContain('action="/sign-out"');
  });
});

describe('preferences', () => {
  it('can be left to the browser again', async () => {
    const visitor = await visit(app);
    const english = { 'accept-language': 'en' };
    await visitor.prefer({ language: 'fr', theme: 'dark' });
    const chosen = await visitor.get('/about', english);
    expect(chosen.text).toContain('<html lang="fr" data-theme="dark"');
    expect(chosen.text).toMatch(/aria-current="true">Français</);
    expect(chosen.text).toContain('<button class="link" name="language" value="auto"');
    await visitor.prefer({ language: 'auto' });
    await visitor.prefer({ theme: 'auto' });
    expect(visitor.cookies.size).toBe(0);
    const free = await visitor.get('/about', english);
    expect(free.text).toContain('<html lang="en" data-theme="auto"');
    expect(free.text).toMatch(/aria-current="true">Automatic</);
    // Two pages in one language, of which one says that it was chosen.
    await visitor.prefer({ language: 'en' });
    expect((await visitor.get('/about', english)).text).toMatch(/aria-current="true">English</);
    expect((await anybody.get('/about', english)).text).toMatch(/aria-current="true">Automatic</);
  });

  it('remember the language and lead back to a page of ours only', async () => {
    const visitor = await visit(app);
    const answer = await visitor.prefer({ language: 'fr', to: '/about' });
    expect([answer.status, answer.headers['location']]).toEqual([303, '/about']);
    expect((await visitor.get('/about')).text).toContain('<html lang="fr"');
    for (const to of [
      '//evil.example',
      'https://evil.example/',
      '/\\evil.example',
      '/%09/evil.example',
      '/..//evil.example',
      'javascript:alert(1)',
    ]) {
      const { headers } = await visitor.prefer({ language: 'fr', to });
      expect(new URL(headers['location']!, 'https://parvis.example').host).toBe('parvis.example');
    }
  });
});

describe('every answer', () => {
  it('carries the headers that make browsers careful', async () => {
    for (const path of ['/', '/@alice', '/@nobody', '/sign-in', '/robots.txt']) {
      const { headers } = await anybody.get(path);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toMatch(/unsafe-inline|unsafe-eval|script-src/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('strict-origin-when-cross-origin');
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(headers['strict-transport-security']).toBeUndefined();
    }
  });

  it('asks for HTTPS for as long as configured', async () => {
    await using strict = await createTestApp({ config: { hsts: 31_536_000 } });
    const { headers } = await (await visit(strict)).get('/');
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('A83: is made from the configured origin, whatever name was asked for', async () => {
    for (const host of ['evil.example', 'parvis.example.evil.example', 'parvis.example:8080', '']) {
      const answer = await anybody.ask('/@alice', { headers: { host } });
      expect([host, answer.status]).toEqual([host, 421]);
      expect(answer.text).not.toContain('evil');
    }
    const forwarded = await anybody.get('/@alice', {
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    });
    expect(forwarded.status).toBe(200);
    expect(forwarded.text).not.toContain('evil.example');
    expect(forwarded.headers['vary']).toContain('Accept');
    expect((await anybody.ask('/@alice', { headers: { host: 'PARVIS.example:443' } })).status).toBe(200);
  });

  it('says in the language of whoever asks what went wrong', async () => {
    expect((await anybody.get('/nothing', { 'accept-language': 'fr' })).text).toContain('Introuvable');
    expect((await anybody.get('/nothing', { 'accept-language': 'de' })).text).toContain('Not found');
    const wrong = await anybody.ask('/about', { method: 'DELETE' });
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'HEAD, GET']);
    expect(wrong.text).toContain('Not possible');
    expect(
      (await anybody.ask('/sign-in', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(415);
  });

  it('has no body where only the head is asked for', async () => {
    const head = await anybody.ask('/@alice', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });
});

describe('a server on this machine', () => {
  it('sends browsers that ask by another name of the loopback to the one where forms work', async () => {
    await using local = await createTestApp({ config: { origin: 'http://localhost:4104', host: 'localhost:4104' } });
    const visitor = await visit(local);
    const host = '127.0.0.1:4104';
    const answer = await visitor.get('/sign-in?to=%2Fhome', { host });
    expect([answer.status, answer.headers['location']]).toEqual([302, 'http://localhost:4104/sign-in?to=%2Fhome']);
    expect((await visitor.get('//evil.example/', { host })).headers['location']).toBe(
      'http://localhost:4104//evil.example/',
    );
    // The fediverse of this machine may use either.
    expect((await visitor.get('/nodeinfo/2.1', { host })).status).toBe(200);
    expect((await visitor.get('/sign-in')).status).toBe(200);
    expect((await visitor.get('/sign-in', { host: '127.0.0.1:4105' })).status).toBe(421);
  });
});

describe('assets', () => {
  it('have addresses that name their bytes and never change', async () => {
    const [, style] = /href="(\/assets\/style\.[\w-]+\.css)"/.exec((await anybody.get('/')).text)!;
    const { headers, status } = await anybody.get(style!, { 'accept-encoding': 'br' });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-encoding']).toBe('br');
    expect(headers['content-type']).toBe('text/css; charset=utf-8');
    for (const path of ['/assets/style.css', '/assets/../package.json', '/assets/%2e%2e/package.json']) {
      expect((await anybody.get(path)).status).toBe(404);
    }
  });
});
