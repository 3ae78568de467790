import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { findFavourite } from '#domain/posts/favourite-store.ts';
import { findPost, findReblog } from '#domain/posts/post-store.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { updateSettings } from '#domain/instance/settings.ts';
import { buildRemoteAccount, buildRemotePost } from '../../support/remote-posts.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

let app: TestApp;
let alice: Account;
let bob: Account;
let visitor: Visitor;
beforeAll(async () => {
  app = await createTestApp();
  alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
  bob = await buildUser(app.ctx, 'bob');
  visitor = await visit(app);
  await visitor.signIn('bob');
});
afterAll(() => app[Symbol.asyncDispose]());

describe('what somebody signed in can do with plain forms', () => {
  it('follow, and stop following', async () => {
    const answer = await visitor.submit('/@alice', `/actions/follow/${alice.id}`);
    expect([answer.status, answer.headers['location']]).toEqual([303, '/@alice']);
    expect((await findFollow(app.ctx.db, bob.id, alice.id))?.accepted).toBe(true);
    await visitor.submit('/@alice', `/actions/unfollow/${alice.id}`);
    expect(await findFollow(app.ctx.db, bob.id, alice.id)).toBeUndefined();
  });

  it('favourite and reblog, and take it back', async () => {
    const { db } = app.ctx;
    const post = await buildPost(app.ctx, alice, { text: 'Good point' });
    const page = `/@alice/${post.id}`;
    await visitor.submit(page, `/actions/favourite/${post.id}`);
    await visitor.submit(page, `/actions/reblog/${post.id}`);
    expect(await findFavourite(db, bob.id, post.id)).toBeDefined();
    expect(await findReblog(db, bob.id, post.id)).toBeDefined();
    await visitor.submit(page, `/actions/unfavourite/${post.id}`);
    await visitor.submit(page, `/actions/unreblog/${post.id}`);
    expect(await findFavourite(db, bob.id, post.id)).toBeUndefined();
    expect(await findReblog(db, bob.id, post.id)).toBeUndefined();
  });

  it('publish, with a warning and a language, and read it at home', async () => {
    const answer = await visitor.submit('/home', '/publish', {
      text: 'La fin',
      summary: 'Fin de la série',
      language: 'fr',
      visibility: 'unlisted',
    });
    expect(answer.headers['location']).toBe('/home');
    const home = await visitor.get('/home');
    expect(home.text).toMatch(/Fin de la série[^]*La fin/);
    expect(home.text).toContain('Quiet public');
  });

  it('hear what is wrong with a post, and keep its text', async () => {
    const answer = await visitor.submit('/home', '/publish', { text: 'Bonjour', language: '!!' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('This is not a language tag');
    expect(answer.text).toContain('>Bonjour</textarea>');
  });

  it('hear that a post names too many', async () => {
    const names = Array.from({ length: 51 }, (_, n) => `@name${n}`).join(' ');
    const named = await visitor.submit('/home', '/publish', { text: names });
    expect(named.status).toBe(422);
    expect(named.text).toContain('At most 50 accounts can be named.');
    const tagged = await visitor.submit('/home', '/publish', { text: names.replaceAll('@', '#') });
    expect(tagged.status).toBe(422);
    expect(tagged.text).toContain('There can be at most 50 hashtags.');
  });

  it('hear what is wrong with an answer, and go on with it', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'A question' });
    const answer = await visitor.submit(`/@alice/${post.id}`, '/publish', { text: 'Oui', language: '!!' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Your reply to @alice');
    expect(answer.text).toContain(`name="inReplyTo" value="${post.id}"`);
  });

  it('answer, to no more people than the post itself reached', async () => {
    const post = await buildPost(app.ctx, alice, { text: '@bob between us', visibility: 'direct' });
    const answer = await visitor.submit(`/@alice/${post.id}`, '/publish', { text: '@alice yes', visibility: 'public' });
    const id = Number(/\/@bob\/(\d+)#/.exec(answer.headers['location']!)![1]);
    expect(await findPost(app.ctx.db, id)).toMatchObject({ visibility: 'direct', inReplyToId: post.id });
  });

  it('delete their own posts, after a page that asks', async () => {
    const post = await buildPost(app.ctx, bob, { text: 'A mistake' });
    const page = `/actions/delete/${post.id}`;
    expect((await visitor.get(page)).text).toContain('Delete this post?');
    await visitor.submit(page, page);
    expect((await visitor.get(`/@bob/${post.id}`)).status).toBe(410);
    const other = await buildPost(app.ctx, alice, { text: 'Not mine' });
    expect((await visitor.get(`/actions/delete/${other.id}`)).status).toBe(403);
    // Of a reblog the page would show the post, and offer to delete that.
    await reblog(app.ctx, bob.id, other.id);
    const shown = await findReblog(app.ctx.db, bob.id, other.id);
    expect((await visitor.get(`/actions/delete/${shown!.id}`)).status).toBe(403);
  });

  it('do nothing else', async () => {
    const { text } = await visitor.get('/home');
    const csrf = /name="csrf" value="([^"]*)"/.exec(text)![1]!;
    for (const path of ['/actions/constructor/1', '/actions/__proto__/1', '/actions/follow/x', '/actions/follow/999']) {
      const answer = await visitor.ask(path, {
        method: 'POST',
        body: `csrf=${csrf}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});

describe('authorize_interaction', () => {
  it('shows people and posts of ours and of others, with what can be done', async () => {
    const carol = await buildRemoteAccount(app.ctx, 'carol');
    const remote = await buildRemotePost(app.ctx, carol);
    const post = await buildPost(app.ctx, alice, { text: 'From here' });
    for (const [uri, action] of [
      ['acct:carol@remote.example', `/actions/follow/${carol.id}`],
      [carol.uri, `/actions/follow/${carol.id}`],
      ['@alice@parvis.example', `/actions/follow/${alice.id}`],
      [alice.uri, `/actions/follow/${alice.id}`],
      [alice.url, `/actions/follow/${alice.id}`],
      [remote.uri, `/actions/favourite/${remote.id}`],
      [post.uri, `/actions/favourite/${post.id}`],
      [post.url, `/actions/reblog/${post.id}`],
    ] as const) {
      const { status, text } = await visitor.get(`/authorize_interaction?uri=${encodeURIComponent(uri)}`);
      expect([uri, status]).toEqual([uri, 200]);
      expect(text).toContain(`action="${action}"`);
    }
  });

  it('names what it shows, in the title and to whoever listens', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'Named here' });
    for (const [uri, heading] of [
      [post.uri, 'alice: “Named here”'],
      [alice.uri, 'alice (@alice@parvis.example)'],
    ] as const) {
      const { text } = await visitor.get(`/authorize_interaction?uri=${encodeURIComponent(uri)}`);
      expect(text).toContain(`<title>${heading} – `);
      expect(text.match(/<h1/g)).toHaveLength(1);
    }
  });

  it('replies to whoever wrote a post, by whose reblog it was found', async () => {
    const carol = await buildRemoteAccount(app.ctx, 'caroline');
    const post = await buildRemotePost(app.ctx, carol);
    await reblog(app.ctx, alice.id, post.id);
    const shown = await findReblog(app.ctx.db, alice.id, post.id);
    for (const uri of [shown!.uri, `https://parvis.example/posts/${shown!.id}`]) {
      const { text } = await visitor.get(`/authorize_interaction?uri=${encodeURIComponent(uri)}`);
      expect(text).toContain('Your reply to @caroline@remote.example');
      expect(text).toContain('>@caroline@remote.example </textarea>');
      expect(text).toContain(`name="inReplyTo" value="${post.id}"`);
    }
  });

  it('is where home leads whoever wants to find somebody', async () => {
    expect((await visitor.get('/home')).text).toContain('<a href="/authorize_interaction">Find a person or a post</a>');
    const { status, text } = await visitor.get('/authorize_interaction');
    expect(status).toBe(200);
    expect(text).toContain('<h1>Find a person or a post</h1>');
  });

  it('finds nothing that one may not see, nor what is no address', async () => {
    const secret = await buildPost(app.ctx, alice, { text: 'Secret', visibility: 'followers' });
    for (const uri of [
      secret.uri,
      secret.url,
      'https://parvis.example/posts/1',
      'https://nowhere.example/x',
      'javascript:alert(1)',
      'nobody',
      '@a@b@c',
    ]) {
      const { status, text } = await visitor.get(`/authorize_interaction?uri=${encodeURIComponent(uri)}`);
      expect([uri, status]).toEqual([uri, 404]);
      expect(text).toContain('Nothing could be found');
    }
  });
});

describe('following from another server', () => {
  const subscribe = (template: unknown) => ({
    subject: 'acct:x@home.example',
    links: [{ rel: 'http://ostatus.org/schema/1.0/subscribe', template }],
  });

  it('leads to the page that the other server names', async () => {
    app.remote.serveJrd('acct:you@home.example', subscribe('https://home.example/authorize_interaction?uri={uri}'));
    const anybody = await visit(app);
    const answer = await anybody.submit('/@alice/follow', '/@alice/follow', { account: '@You@Home.example' });
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe(
      `https://home.example/authorize_interaction?uri=${encodeURIComponent(alice.uri)}`,
    );
  });

  it('leads nowhere else', async () => {
    const anybody = await visit(app);
    const typed = async (account: string) => {
      const answer = await anybody.submit('/@alice/follow', '/@alice/follow', { account });
      expect([account, answer.headers['location']]).toEqual([account, undefined]);
      return answer.status;
    };
    for (const account of [
      '',
      'you',
      '@you',
      'https://evil.example/',
      '@you@evil.example/path',
      '@you@[::1',
      '@you@ex ample',
    ]) {
      expect(await typed(account)).toBe(422);
    }
    for (const template of [
      'javascript:alert({uri})',
      'http://home.example/{uri}',
      'https://user@home.example/{uri}',
      'https://home.example/',
      7,
      null,
    ]) {
      app.remote.serveJrd('acct:you@home.example', subscribe(template));
      expect(await typed('you@home.example')).toBe(422);
    }
    app.remote.serveJrd('acct:you@home.example', { links: 'none' });
    expect(await typed('you@home.example')).toBe(422);
    expect(await typed('you@unreachable.example')).toBe(422);
    expect((await anybody.get('/@nobody/follow')).status).toBe(404);
  });
});

describe('crawlers', () => {
  it('are told by sitemap of those who agree only', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'Read me' });
    const quiet = await buildPost(app.ctx, alice, { text: 'Quiet', visibility: 'unlisted' });
    expect((await visitor.get('/sitemap.xml')).text).not.toContain('@alice');
    await updateProfile(app.ctx, alice.id, { indexable: true });
    const { text, headers } = await visitor.get('/sitemap.xml');
    expect(headers['content-type']).toBe('application/xml; charset=utf-8');
    expect(text).toContain('<loc>https://parvis.example/@alice</loc>');
    expect(text).toContain(`<loc>https://parvis.example/@alice/${post.id}</loc>`);
    expect(text).not.toContain(String(quiet.id));
    expect(text).not.toContain('@bob');
    const robots = (await visitor.get('/robots.txt')).text;
    expect(robots).toContain('Sitemap: https://parvis.example/sitemap.xml');
    // Not the lists of followers: they say themselves that they are not to be indexed.
    expect(robots).toMatch(/^Disallow: \/\*\/follow\$$/m);
  });

  it('hear within a minute of consent that was taken back', async () => {
    const anybody = await visit(app);
    await updateProfile(app.ctx, alice.id, { indexable: true });
    app.clock.advance(60_000);
    expect((await anybody.get('/sitemap.xml')).text).toContain('/@alice<');
    await updateProfile(app.ctx, alice.id, { indexable: false });
    app.clock.advance(60_000);
    expect((await anybody.get('/sitemap.xml')).text).not.toContain('/@alice<');
  });

  it('are told by each page, which they may read, that a place is not to be indexed', async () => {
    const anybody = await visit(app);
    const post = await buildPost(app.ctx, alice, { text: 'Leave me out' });
    await updateSettings(app.ctx, { indexing: 'refused' });
    const robots = await anybody.get('/robots.txt');
    expect(robots.text).not.toMatch(/^Disallow: \/$/m);
    expect(robots.text).not.toContain('Sitemap');
    expect((await anybody.get('/sitemap.xml')).text).not.toContain('<loc>');
    for (const path of ['/', '/about', '/@alice', '/@alice.atom', `/@alice/${post.id}`, `/@alice/${post.id}/embed`]) {
      for (let n = 0; n < 2; n++) {
        const { headers } = await anybody.get(path);
        expect([path, headers['x-robots-tag']]).toEqual([path, 'noindex']);
      }
    }
    await updateSettings(app.ctx, { indexing: 'allowed' });
    expect((await anybody.get('/')).headers['x-robots-tag']).toBeUndefined();
  });
});

describe('oEmbed', () => {
  it('tells posts apart under every spelling of its address that is taken for it', async () => {
    const anybody = await visit(app);
    for (const path of ['/oembed', '/oembed/', '/OEMBED']) {
      for (const title of ['One', 'Another']) {
        const { url } = await buildPost(app.ctx, alice, { text: title });
        const { text } = await anybody.get(`${path}?url=${encodeURIComponent(url)}`);
        expect(JSON.parse(text)).toMatchObject({ title });
      }
    }
  });

  it('answers for addresses of ours, in JSON, within the size asked for', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'Embed me' });
    const ask = (query: string) => visitor.get(`/oembed?${query}`);
    const url = encodeURIComponent(post.url);
    const page = await visitor.get(`/@alice/${post.id}`);
    expect(page.text).toContain(`type="application/json+oembed"`);
    expect(JSON.parse((await ask(`url=${url}&maxwidth=320&maxheight=9999`)).text)).toMatchObject({
      width: 320,
      height: 420,
    });
    expect(JSON.parse((await ask(`url=${url}&maxwidth=150&maxheight=90`)).text)).toMatchObject({
      width: 150,
      height: 90,
    });
    expect(JSON.parse((await ask(`url=${url}&maxwidth=0&maxheight=x`)).text)).toMatchObject({
      width: 600,
      height: 420,
    });
    expect((await ask(`url=${url}&format=xml`)).status).toBe(501);
    expect((await ask('')).status).toBe(400);
    for (const other of [
      'https://evil.example/@alice/1',
      'https://parvis.example/@alice',
      'https://parvis.example.evil.example/@alice/1',
      'x',
    ]) {
      expect((await ask(`url=${encodeURIComponent(other)}`)).status).toBe(404);
    }
  });
});
