import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { favourite } from '#domain/posts/favourite.ts';
import type { Post } from '#domain/posts/post.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { block } from '#domain/relationships/block.ts';
import { follow } from '#domain/relationships/follow.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { type Page, visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

let app: TestApp;
let alice: Account;
let posts: Record<'public' | 'unlisted' | 'followers' | 'direct', Post>;
/** Nobody in particular; a follower; somebody named; somebody without any tie; somebody blocked. */
let anybody: Visitor;
let follower: Visitor;
let named: Visitor;
let stranger: Visitor;
let blocked: Visitor;

beforeAll(async () => {
  app = await createTestApp();
  const { ctx } = app;
  alice = await buildUser(ctx, 'alice', { role: 'owner' });
  const visitors: Visitor[] = [];
  for (const name of ['follower', 'named', 'stranger', 'blocked']) {
    await buildUser(ctx, name);
    const visitor = await visit(app);
    await visitor.signIn(name);
    visitors.push(visitor);
  }
  [follower, named, stranger, blocked] = visitors as [Visitor, Visitor, Visitor, Visitor];
  anybody = await visit(app);
  const idOf = async (name: string) =>
    (await ctx.db.get<{ id: number }>(`SELECT id FROM account WHERE username = ? AND host = ''`, [name]))!.id;
  await follow(ctx, await idOf('follower'), alice.id);
  await block(ctx, alice.id, await idOf('blocked'));
  posts = {
    public: await buildPost(ctx, alice, { text: 'Word-public #words' }),
    unlisted: await buildPost(ctx, alice, { text: 'Word-unlisted #words', visibility: 'unlisted' }),
    followers: await buildPost(ctx, alice, { text: 'Word-followers #words', visibility: 'followers' }),
    direct: await buildPost(ctx, alice, { text: '@named Word-direct #words', visibility: 'direct' }),
  };
});
afterAll(() => app[Symbol.asyncDispose]());

const wordsOf = ({ text }: Page) =>
  ['public', 'unlisted', 'followers', 'direct'].filter((word) => text.includes(`Word-${word}`));

describe('who sees what of a profile and its posts', () => {
  it('is decided by following, being named and being blocked', async () => {
    const seen = async (visitor: Visitor) => {
      const pages = Object.values(posts).map((post) => visitor.get(`/@alice/${post.id}`));
      return {
        profile: wordsOf(await visitor.get('/@alice')),
        posts: (await Promise.all(pages)).map(({ status }) => status),
      };
    };
    expect(await seen(anybody)).toEqual({ profile: ['public', 'unlisted'], posts: [200, 200, 404, 404] });
    expect(await seen(stranger)).toEqual({ profile: ['public', 'unlisted'], posts: [200, 200, 404, 404] });
    expect(await seen(follower)).toEqual({ profile: ['public', 'unlisted', 'followers'], posts: [200, 200, 200, 404] });
    expect(await seen(named)).toEqual({ profile: ['public', 'unlisted', 'direct'], posts: [200, 200, 404, 200] });
    expect(await seen(blocked)).toEqual({ profile: [], posts: [404, 404, 404, 404] });
  });

  it('shows hashtags and the front page public posts only', async () => {
    for (const visitor of [anybody, follower, named]) {
      expect(wordsOf(await visitor.get('/tags/words'))).toEqual(['public']);
      expect(wordsOf(await visitor.get('/'))).toEqual(['public']);
    }
  });
});

describe('feeds', () => {
  it('A40: hold public posts only, whoever asks', async () => {
    for (const visitor of [anybody, follower, named]) {
      const feed = await visitor.get('/@alice.atom');
      expect(feed.status).toBe(200);
      expect(feed.headers['content-type']).toBe('application/atom+xml; charset=utf-8');
      expect(wordsOf(feed)).toEqual(['public']);
      expect(wordsOf(await visitor.get('/tags/words.atom'))).toEqual(['public']);
    }
  });

  it('are absent for accounts that are', async () => {
    expect((await anybody.get('/@nobody.atom')).status).toBe(404);
  });
});

describe('threads', () => {
  it('A41: show a direct message in them to those it names only, and count it for nobody', async () => {
    const { ctx } = app;
    const root = await buildPost(ctx, alice, { text: 'Opening' });
    const before = await anybody.get(`/@alice/${root.id}`);
    const secret = await buildPost(ctx, alice, {
      text: '@named Whispered',
      inReplyToId: root.id,
      visibility: 'direct',
    });
    const page = `/@alice/${root.id}`;
    for (const visitor of [stranger, follower, blocked])
      expect((await visitor.get(page)).text).not.toContain('Whispered');
    expect((await named.get(page)).text).toContain('Whispered');
    const after = await anybody.get(page);
    expect(after.text).toBe(before.text);
    expect(after.headers['etag']).toBe(before.headers['etag']);
    expect((await stranger.get(page)).text).not.toContain('1 reply');
    expect((await anybody.get(`/@alice/${secret.id}`)).status).toBe(404);
  });
});

describe('posts that are not there', () => {
  it('A43: look the same, be they absent, private, deleted in private, or of somebody who blocks', async () => {
    const { ctx } = app;
    const deleted = await buildPost(ctx, alice, { text: 'Private, and gone', visibility: 'followers' });
    await deletePost(ctx, alice.id, deleted.id);
    const absent = app.ctx.ids.next();
    const cases: [Visitor, number[]][] = [
      [anybody, [absent, posts.followers.id, posts.direct.id, deleted.id]],
      [stranger, [absent, posts.followers.id, posts.direct.id, deleted.id]],
      [blocked, [absent, posts.public.id, posts.followers.id, posts.direct.id, deleted.id]],
    ];
    const volatile = new Set(['date']);
    for (const [visitor, ids] of cases) {
      const answers = await Promise.all(
        ids.flatMap((id) => [`/@alice/${id}`, `/posts/${id}`, `/@alice/${id}/embed`]).map((path) => visitor.get(path)),
      );
      for (const { status, headers, text } of answers) {
        expect(status).toBe(404);
        const kept = Object.entries(headers).filter(([name]) => !volatile.has(name));
        expect(kept).toEqual(Object.entries(answers[0]!.headers).filter(([name]) => !volatile.has(name)));
        expect(text).toBe(answers[0]!.text);
      }
    }
  });

  it('A43: are gone only where everybody saw them', async () => {
    const { ctx } = app;
    const post = await buildPost(ctx, alice, { text: 'For all' });
    await anybody.get(`/@alice/${post.id}`);
    await deletePost(ctx, alice.id, post.id);
    expect((await anybody.get(`/@alice/${post.id}`)).status).toBe(410);
    expect((await anybody.get(`/posts/${post.id}`)).status).toBe(410);
    expect((await blocked.get(`/@alice/${post.id}`)).status).toBe(404);
    expect((await anybody.get('/@alice')).text).not.toContain('For all');
  });

  it('are not shown in reblogs either', async () => {
    const { ctx } = app;
    const other = await buildUser(ctx, 'other');
    const shown = await buildPost(ctx, alice, { text: 'Shown on' });
    await reblog(ctx, other.id, shown.id);
    expect((await anybody.get('/@other')).text).toContain('Shown on');
    expect((await blocked.get('/@other')).text).not.toContain('Shown on');
    await deletePost(ctx, alice.id, shown.id);
    expect((await anybody.get('/@other')).text).not.toContain('Shown on');
  });
});

describe('embeds and oEmbed', () => {
  it('show what is open to everybody, and of everything else say that it is not there', async () => {
    for (const visitor of [anybody, follower, named]) {
      const statuses = await Promise.all(
        Object.values(posts).map(async (post) => {
          const url = encodeURIComponent(`https://parvis.example/@alice/${post.id}`);
          return [
            (await visitor.get(`/@alice/${post.id}/embed`)).status,
            (await visitor.get(`/oembed?url=${url}&format=json`)).status,
          ];
        }),
      );
      expect(statuses).toEqual([
        [200, 200],
        [200, 200],
        [404, 404],
        [404, 404],
      ]);
    }
  });

  it('can be framed by anybody, and nothing else can', async () => {
    const embed = await anybody.get(`/@alice/${posts.public.id}/embed`);
    expect(embed.headers['content-security-policy']).toContain('frame-ancestors *');
    expect(embed.text).not.toContain('<form');
    expect((await anybody.get(`/@alice/${posts.public.id}`)).headers['content-security-policy']).toContain(
      "frame-ancestors 'none'",
    );
  });
});

describe('actions', () => {
  it('on posts that one may not see find nothing', async () => {
    const id = posts.followers.id;
    const answer = await stranger.submit('/@alice', `/actions/favourite/${posts.public.id}`);
    expect(answer.status).toBe(303);
    const hidden = /name="csrf" value="([^"]*)"/.exec((await stranger.get('/home')).text)![1]!;
    for (const verb of ['favourite', 'reblog', 'delete']) {
      const { status } = await stranger.ask(`/actions/${verb}/${id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ csrf: hidden }).toString(),
      });
      // Deleting somebody else's post is refused, whether it can be seen or not.
      expect([verb, status]).toEqual([verb, verb === 'delete' ? 403 : 404]);
    }
    await expect(favourite(app.ctx, alice.id, id)).resolves.toMatchObject({ favouritesCount: 0 });
  });
});
