import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { pin } from '#domain/posts/pin.ts';
import type { Post } from '#domain/posts/post.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { buildRemoteAccount, buildRemotePost } from '../../support/remote-posts.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

let app: TestApp;
let alice: Account;
let bob: Account;
let anybody: Visitor;
let signedIn: Visitor;

beforeAll(async () => {
  app = await createTestApp();
  alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
  bob = await buildUser(app.ctx, 'bob');
  anybody = await visit(app);
  signedIn = await visit(app);
  await signedIn.signIn('bob');
});
afterAll(() => app[Symbol.asyncDispose]());

const pageOf = ({ username, host }: Account, { id }: Post) => `/@${username}${host && `@${host}`}/${id}`;
const answer = (author: Account, parent: Post, text = 'An answer') =>
  buildPost(app.ctx, author, { text, inReplyToId: parent.id });
const articles = (html: string) => [...html.matchAll(/<article[^>]* id="p(\d+)"/g)].map(([, id]) => Number(id));
const hrefOf = (html: string, label: string) => new RegExp(`href="([^"]*)"[^>]*>${label}<`).exec(html)?.[1];

/** Every id once, and every id that is pointed to there. */
function expectSoundIds(html: string): void {
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  const named = [...html.matchAll(/\s(?:aria-labelledby|aria-describedby|for)="([^"]+)"/g)].flatMap(([, list]) =>
    list!.split(' '),
  );
  expect(named.filter((id) => !ids.includes(id))).toEqual([]);
}

describe('a thread too long for a page', () => {
  it('leads on to the answers that are left, and back to the first', async () => {
    await updateProfile(app.ctx, alice.id, { indexable: true });
    const post = await buildPost(app.ctx, alice, { text: 'What do you think?' });
    const answers: number[] = [];
    for (let n = 0; n < 260; n += 1) answers.push((await answer(bob, post)).id);
    const path = pageOf(alice, post);
    const first = await anybody.get(path);
    expect(articles(first.text)).toEqual([post.id, ...answers.slice(0, 100)]);
    const more = hrefOf(first.text, '160 more replies');
    expect(more).toBe(`${path}?after=${answers[99]}#replies`);
    const second = await anybody.get(more!.split('#')[0]!);
    expect(articles(second.text)).toEqual([post.id, ...answers.slice(100, 200)]);
    expect(hrefOf(second.text, 'Back to the first replies')).toBe(`${path}#replies`);
    const third = await anybody.get(hrefOf(second.text, '60 more replies')!.split('#')[0]!);
    expect(articles(third.text)).toEqual([post.id, ...answers.slice(200)]);
    expect(third.text).not.toContain('more replies');
    // One page of the thread is for search engines.
    expect(first.text).not.toContain('content="noindex"');
    expect(second.text).toContain('content="noindex"');
    expect(second.text).not.toContain('application/ld+json');
    for (const page of [first, second, third]) expectSoundIds(page.text);
    // They are kept, and each is made anew when an answer to it comes.
    const again = await anybody.get(`${path}?after=${answers[99]}`);
    expect(again.headers['etag']).toBe(second.headers['etag']);
    const late = await answer(bob, { ...post, id: answers[150]! }, 'To one of them');
    expect(articles((await anybody.get(`${path}?after=${answers[99]}`)).text)).toContain(late.id);
    expect((await anybody.get(path, { 'accept-language': 'fr' })).text).toContain('160\u00a0autres réponses');
  }, 60_000);

  it('shows the beginning and what is nearest, and the rest between them on demand', async () => {
    const line = [await buildPost(app.ctx, alice, { text: 'In the beginning' })];
    for (let n = 0; n < 70; n += 1) line.push(await answer(n % 2 === 0 ? bob : alice, line.at(-1)!));
    const ids = line.map((post) => post.id);
    const { text } = await anybody.get(pageOf(alice, line.at(-1)!));
    expect(articles(text)).toEqual([ids[0], ...ids.slice(21)]);
    const [, summary, between] = /<details class="between">\s*<summary>([^<]*)<\/summary>(.*?)<\/details>/s.exec(text)!;
    expect(summary).toBe('66 earlier posts');
    expect(articles(between!)).toEqual(ids.slice(21, 67));
    expect(hrefOf(between!, '20 earlier posts')).toBe(`${pageOf(bob, line[21]!)}#p${ids[21]}`);
    expectSoundIds(text);
    // Where hardly more than a line would be folded, nothing is.
    expect((await anybody.get(pageOf(bob, line[5]!))).text).not.toContain('<details class="between">');
    expect((await anybody.get(pageOf(alice, line[6]!))).text).toContain('2 earlier posts');
  }, 60_000);
});

describe('a place without a post', () => {
  it('says that one was deleted, or is not shown, and not whose', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'Opening' });
    const gone = await answer(bob, post, 'Regretted');
    await answer(alice, gone, 'Left below');
    const carol = await buildRemoteAccount(app.ctx, 'carol');
    const secret = await buildRemotePost(app.ctx, carol, { inReplyToUri: post.uri, visibility: 'followers' });
    await buildRemotePost(app.ctx, carol, { inReplyToUri: secret.uri, html: '<p>In the open</p>' });
    await deletePost(app.ctx, bob.id, gone.id);
    for (const [language, deleted, hidden] of [
      ['en', 'A post that was deleted', 'A post that is not shown here'],
      ['fr', 'Publication supprimée', 'Publication non affichée ici'],
    ]) {
      const { text } = await anybody.get(pageOf(alice, post), { 'accept-language': language! });
      const traces = [...text.matchAll(/<p class="trace">(.*?)<\/p>/gs)].map(([, words]) => words);
      expect(new Set(traces)).toEqual(new Set([deleted, hidden]));
      expect(text).toContain('Left below');
      expect(text).toContain('In the open');
      expect(text).not.toContain('@bob');
    }
  });

  it('is nothing to the page of somebody’s answer to what is not for them', async () => {
    const secret = await buildPost(app.ctx, alice, { visibility: 'followers' });
    const mallory = await buildRemoteAccount(app.ctx, 'mallory');
    const pages = [];
    for (const uri of [secret.uri, `${secret.uri}0`]) {
      const post = await buildRemotePost(app.ctx, mallory, { inReplyToUri: uri, mentionedIds: [alice.id] });
      const { text } = await anybody.get(pageOf(mallory, post));
      pages.push(text.replaceAll(String(post.id), 'ID'));
    }
    expect(pages[0]).toBe(pages[1]);
    expect(pages[0]).not.toContain('↪');
  });
});

describe('a post on a page', () => {
  it('is named once, also where a reblog or a pin shows it again', async () => {
    const post = await buildPost(app.ctx, bob, { text: 'Shown thrice' });
    await pin(app.ctx, bob.id, post.id);
    await reblog(app.ctx, bob.id, post.id);
    for (const visitor of [anybody, signedIn]) {
      const { text } = await visitor.get('/@bob');
      expect(text.split('Shown thrice').length - 1).toBe(3);
      expectSoundIds(text);
    }
  });

  it('is what one comes back to after a button', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'Press' });
    const reply = await answer(alice, post, 'And here');
    const path = pageOf(alice, post);
    const { text } = await signedIn.get(path);
    const form = new RegExp(`action="/actions/favourite/${reply.id}".*?name="back" value="([^"]*)"`, 's').exec(text);
    expect(form![1]).toBe(`${path}#p${reply.id}`);
    const done = await signedIn.submit(path, `/actions/favourite/${post.id}`);
    expect(done.headers['location']).toBe(`${path}#p${post.id}`);
  });

  it('is where a link to an answer leads, also from the address that never changes', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'Question' });
    const reply = await answer(bob, post, '@alice indeed');
    const href = `${pageOf(bob, reply)}#p${reply.id}`;
    expect((await anybody.get('/@bob/replies')).text).toContain(`<a href="${href}"><time`);
    expect((await anybody.get(`/posts/${reply.id}`)).headers['location']).toBe(href);
    expect((await anybody.get(`/posts/${post.id}`)).headers['location']).toBe(pageOf(alice, post));
    // What is answered need not be named where it stands right above, and is linked there where it is on the page.
    expect((await anybody.get(pageOf(bob, reply))).text).not.toContain('↪');
    await answer(alice, reply, 'First');
    const second = await answer(alice, reply, 'Second');
    const thread = (await anybody.get(pageOf(alice, post))).text;
    expect(thread.split('↪').length - 1).toBe(1);
    expect(thread).toMatch(new RegExp(`id="p${second.id}".*?<a href="#p${reply.id}"><bdi>@bob</bdi></a>`, 's'));
    expect((await anybody.get('/@bob/replies')).text).toContain(
      `<a href="${pageOf(alice, post)}#p${post.id}"><bdi>@alice</bdi></a>`,
    );
    expect((await signedIn.get(pageOf(bob, reply))).text).toContain(`href="${pageOf(bob, reply)}#reply"`);
  });
});

describe('addresses that lead to others', () => {
  it('of accounts elsewhere are those of programs too', async () => {
    const relay = await buildRemoteAccount(app.ctx, 'relay', { kind: 'application' });
    const { status, headers } = await anybody.get(`/users/${relay.id}`);
    expect([status, headers['location']]).toEqual([302, '/@relay@remote.example']);
  });

  it('keep the place in a thread', async () => {
    const post = await buildPost(app.ctx, alice);
    const { status, headers } = await anybody.get(`/@bob/${post.id}?after=${post.id}`);
    expect([status, headers['location']]).toEqual([301, `${pageOf(alice, post)}?after=${post.id}`]);
  });
});
