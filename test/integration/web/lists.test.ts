import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { updateSettings } from '#domain/instance/settings.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { follow } from '#domain/relationships/follow.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

let app: TestApp;
let anybody: Visitor;
let alice: Account;
let bob: Account;

beforeAll(async () => {
  app = await createTestApp();
  anybody = await visit(app);
  alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
  bob = await buildUser(app.ctx, 'bob');
});
afterAll(() => app[Symbol.asyncDispose]());

/** What a browser loads for a page, in bytes before compression. */
async function weigh(path: string): Promise<number> {
  const { text } = await anybody.get(path);
  const loaded = [...text.matchAll(/<(?:link rel="(?:stylesheet|icon)"[^>]*href|img[^>]*src)="([^"]+)"/g)];
  let bytes = Buffer.byteLength(text);
  for (const [, url] of loaded) bytes += Buffer.byteLength((await anybody.get(url!)).text);
  return bytes;
}

describe('long posts', () => {
  it('are cut in lists, with a link to the rest, and whole on their own page', async () => {
    const start = 'It began in the morning. '.repeat(25).trim();
    const post = await buildPost(app.ctx, alice, {
      text: `${start}\n\n${'And went on. '.repeat(60)}\n\nThe end. #long`,
    });
    const { text } = await anybody.get('/@alice');
    expect(text).toContain(`<p>${start}</p></div>`);
    expect(text).toMatch(new RegExp(`<p class="read-on"><a href="/@alice/${post.id}"[^>]*>Read on</a>`));
    for (const path of ['/', '/@alice', '/tags/long']) {
      const list = (await anybody.get(path)).text;
      expect([path, list.includes('class="read-on"'), list.includes('The end.')]).toEqual([path, true, false]);
    }
    const own = (await anybody.get(`/@alice/${post.id}`)).text;
    expect(own).toContain('The end.');
    expect(own).not.toContain('class="read-on"');
    expect((await anybody.get('/@alice.atom')).text).toContain('The end.');
  });

  it('do not make the front page heavier than 60 kB, even fifteen of the longest', async () => {
    for (let n = 0; n < 15; n++)
      await buildPost(app.ctx, alice, { text: `${n} ${'Longest words. '.repeat(333)}`.slice(0, 4_990) });
    app.clock.advance(10_000);
    const { text } = await anybody.get('/');
    expect(text.match(/class="read-on"/g)).toHaveLength(15);
    expect(text.match(/<p>\d+ (?:Longest words\. ){49}/g)).toHaveLength(15);
    expect(await weigh('/')).toBeLessThan(60_000);
  });
});

describe('the front page', () => {
  it('gives the news before the people and the rules', async () => {
    await updateSettings(app.ctx, { rules: ['Sign what you say.'] });
    const { text } = await anybody.get('/');
    expect(text.indexOf('id="latest"')).toBeLessThan(text.indexOf('id="people"'));
    expect(text.indexOf('id="people"')).toBeLessThan(text.indexOf('id="rules"'));
  });
});

describe('mentions, hashtags and links to this server', () => {
  it('are links within it on pages, and whole addresses in feeds', async () => {
    const post = await buildPost(app.ctx, bob, {
      text: '@alice reads #books at https://parvis.example/about and https://parvis.example//evil.example/ and https://other.example/',
    });
    const { text } = await anybody.get(`/@bob/${post.id}`);
    expect(text).toContain('<a href="/@alice" class="u-url mention">');
    expect(text).toContain('<a href="/tags/books" class="mention hashtag" rel="tag">');
    expect(text).toMatch(/<a href="\/about"(?![^>]*(?:target|rel)=)/);
    expect(text).not.toContain('href="//evil.example');
    expect(text).toMatch(
      /<a href="https:\/\/other\.example\/"[^>]* rel="nofollow noopener noreferrer" target="_blank">/,
    );
    const feed = (await anybody.get('/@bob.atom')).text;
    expect(feed).toContain('https://parvis.example/tags/books');
    expect(feed).not.toContain('href=&quot;/');
  });
});

describe('the name of whoever reblogged', () => {
  it('stands apart from the sentence, in whatever script it is written', async () => {
    await updateProfile(app.ctx, bob.id, { displayName: 'بوب' });
    const post = await buildPost(app.ctx, alice, { text: 'Worth reading' });
    await reblog(app.ctx, bob.id, post.id);
    expect((await anybody.get('/@bob')).text).toContain('<a href="/@bob"><bdi>بوب</bdi> reblogged</a>');
  });
});

describe('counts', () => {
  it('have a space between them, for whoever reads without a style sheet', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'A question' });
    await buildPost(app.ctx, bob, { text: 'An answer', inReplyToId: post.id });
    await reblog(app.ctx, bob.id, post.id);
    expect((await anybody.get(`/@alice/${post.id}`)).text).toMatch(/1 \w+<\/span>\s+<span>1 reblog</);
    expect((await anybody.get('/@alice')).text).toMatch(/posts<\/span>\s+<span>/);
  });
});

describe('lists of followers', () => {
  it('lead back to the profile, and a hidden one is found by its owner', async () => {
    await follow(app.ctx, bob.id, alice.id);
    const { text } = await anybody.get('/@alice/followers');
    expect(text).toMatch(/<h1><a class="name" href="\/@alice">/);
    expect(text).toContain('href="/@alice/replies"');
    await updateProfile(app.ctx, alice.id, { hidesNetwork: true });
    const owner = await visit(app);
    await owner.signIn('alice');
    expect((await owner.get('/@alice')).text).toContain('href="/@alice/followers"');
    expect((await owner.get('/@alice/followers')).text).toContain('href="/@bob"');
    expect((await anybody.get('/@alice')).text).not.toContain('href="/@alice/followers"');
  });
});
