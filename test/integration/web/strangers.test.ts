import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { buildRemoteAccount, buildRemotePost } from '../../support/remote-posts.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

let app: TestApp;
let anybody: Visitor;
beforeAll(async () => {
  app = await createTestApp();
  anybody = await visit(app);
});
afterAll(() => app[Symbol.asyncDispose]());

describe('what strangers say is a picture', () => {
  it('is never loaded from an address of ours, nor of theirs', async () => {
    const { origin } = app.ctx.config;
    const addresses = [
      `${origin}/preferences?theme=dark`,
      `${origin}/authorize_interaction?uri=https://tracker.example/1`,
      `${origin}/media/../sign-out`,
      `${origin}/media/1.png`,
      'https://tracker.example/pixel.png',
    ];
    for (const [n, url] of addresses.entries()) {
      const eve = await buildRemoteAccount(app.ctx, `pixel${n}`, { avatarUrl: url, headerUrl: url });
      const post = await buildRemotePost(app.ctx, eve, {
        html: '<p>Look</p>',
        attachments: [
          { url, mediaType: 'image/png', description: 'A cat' },
          { url, mediaType: 'video/mp4', description: '' },
        ],
      });
      for (const path of [`/@pixel${n}@remote.example/${post.id}`, `/@pixel${n}@remote.example`]) {
        const { text } = await anybody.get(path);
        expect(text).toContain('A cat');
        expect(text).not.toMatch(/<(?:img|video|audio|source|iframe)\b/);
        if (url.startsWith(origin)) expect(text).not.toContain(`="${url.slice(origin.length)}"`);
      }
    }
  });
});

describe('what is merely loaded', () => {
  it('changes nothing: no address that answers GET writes or remembers anything', async () => {
    const alice = await buildUser(app.ctx, 'alice');
    const post = await buildPost(app.ctx, alice, { text: 'A post #words' });
    const reader = await visit(app);
    await reader.signIn('alice');
    await app.drain();
    const paths = [
      '/',
      '/about',
      '/home',
      '/settings',
      '/settings/instance',
      '/sign-in',
      '/tags/words',
      '/tags/words.atom',
      '/@alice',
      '/@alice.atom',
      '/@alice/replies',
      '/@alice/media',
      '/@alice/followers',
      '/@alice/following',
      '/@alice/follow',
      `/@alice/${post.id}`,
      `/@alice/${post.id}/embed`,
      `/users/${alice.id}`,
      `/posts/${post.id}`,
      `/actions/delete/${post.id}`,
      `/actions/favourite/${post.id}`,
      '/sign-out',
      '/publish',
      '/preferences?theme=dark&language=fr',
      `/authorize_interaction?uri=${encodeURIComponent(alice.uri)}`,
      '/setup/0123456789',
      '/oembed?url=https://parvis.example/@alice',
      '/robots.txt',
      '/sitemap.xml',
    ];
    const tables = [
      'account',
      'post',
      'favourite',
      'follow',
      'block',
      'session',
      'job',
      'delivery',
      'notification',
      'setting',
    ];
    const state = async () => Promise.all(tables.map((table) => app.ctx.db.all(`SELECT * FROM "${table}" ORDER BY 1`)));
    const before = await state();
    const cookies = new Map(reader.cookies);
    for (const path of paths) {
      await reader.get(path);
      expect([path, new Map(reader.cookies)]).toEqual([path, cookies]);
    }
    expect(await state()).toEqual(before);
    expect((await reader.get('/preferences?theme=dark')).status).toBe(405);
  });

  it('and a choice that another site sends is not taken', async () => {
    const visitor = await visit(app);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
    await visitor.ask('/preferences', { method: 'POST', headers, body: 'theme=dark' });
    expect(visitor.cookies.size).toBe(0);
  });
});

describe('names', () => {
  const blank = [
    '\u200B',
    '\u3164',
    '\u2800',
    '\u00AD',
    '\u2060\u180E',
    '\uFE0F',
    '\u{E0020}',
    '\u202E',
    '\u0301',
    ' \u3164 ',
  ];

  it('that nobody can see give way to the name of the account', async () => {
    for (const [n, displayName] of blank.entries()) {
      await buildRemoteAccount(app.ctx, `blank${n}`, { displayName });
      const { text } = await anybody.get(`/@blank${n}@remote.example`);
      expect(text).toMatch(new RegExp(`<title>blank${n} `));
    }
  });

  it('and texts turn nothing around beside them', async () => {
    const mallory = await buildRemoteAccount(app.ctx, 'bidi', { displayName: 'Good \u202Egnp.exe\u2066' });
    const post = await buildRemotePost(app.ctx, mallory, { html: '<p>x</p>', summary: 'A \u202Ewarning' });
    for (const path of ['/@bidi@remote.example', `/@bidi@remote.example/${post.id}`]) {
      const { text } = await anybody.get(path);
      expect(/<title>[^<]*/.exec(text)![0]).toContain('Good gnp.exe');
      expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
    }
  });
});

describe('an address in a profile', () => {
  it('is the own one of people here, for sites that look for the link back, and of nobody else', async () => {
    const ann = await buildUser(app.ctx, 'ann');
    await updateProfile(app.ctx, ann.id, {
      fields: [
        { name: 'Web', value: 'https://site.example' },
        { name: 'Friend', value: 'see https://other.example' },
      ],
    });
    const own = (await anybody.get('/@ann')).text;
    expect(own).toMatch(/<a href="https:\/\/site\.example" rel="me nofollow noopener noreferrer"/);
    expect(own.match(/rel="me/g)).toHaveLength(1);
    const html = '<a href="https://site.example" rel="me nofollow noopener noreferrer" target="_blank">x</a>';
    await buildRemoteAccount(app.ctx, 'liar', { fields: [{ name: 'Web', html }] });
    expect((await anybody.get('/@liar@remote.example')).text).not.toContain('rel="me');
  });
});

describe('whoever refuses to be indexed', () => {
  it('is left out of what search engines show of the pages of others', async () => {
    const open = await buildUser(app.ctx, 'open');
    await updateProfile(app.ctx, open.id, { indexable: true });
    const shy = await buildUser(app.ctx, 'shy');
    const question = await buildPost(app.ctx, open, { text: 'Said in the open' });
    const answer = await buildPost(app.ctx, shy, { text: 'Said quietly', inReplyToId: question.id });
    await reblog(app.ctx, open.id, answer.id);
    for (const path of [`/@open/${question.id}`, '/@open']) {
      const { text } = await anybody.get(path);
      const hidden = text.match(/<div data-nosnippet>[^]*?<div class="prose"[^]*?<\/div>/g) ?? [];
      expect([path, hidden.some((html) => html.includes('Said quietly'))]).toEqual([path, true]);
      expect([path, hidden.some((html) => html.includes('Said in the open'))]).toEqual([path, false]);
    }
  });
});

describe('feeds', () => {
  it('say what a warning warns of, and nothing of what is behind it', async () => {
    const fay = await buildUser(app.ctx, 'fay');
    await buildPost(app.ctx, fay, { text: 'The gardener did it #plot', summary: 'Spoilers' });
    for (const path of ['/@fay.atom', '/tags/plot.atom']) {
      const { text } = await anybody.get(path);
      expect(text).toContain('<summary>Spoilers</summary>');
      expect(text).not.toContain('gardener');
    }
  });
});

describe('the form that writes posts', () => {
  it('says no language but the one that its author wrote in last', async () => {
    const zoe = await buildUser(app.ctx, 'zoe');
    const writer = await visit(app);
    await writer.signIn('zoe');
    const language = async () =>
      /name="language" type="text" size="8" value="([^"]*)"/.exec((await writer.get('/home')).text)![1];
    expect(await language()).toBe('');
    await writer.submit('/home', '/publish', { text: 'Bonjour' });
    await writer.submit('/home', '/publish', { text: 'Bonjour encore', language: 'fr' });
    expect(await language()).toBe('fr');
    const rows = await app.ctx.db.all('SELECT language FROM post WHERE account_id = ? ORDER BY id', [zoe.id]);
    expect(rows).toEqual([{ language: null }, { language: 'fr' }]);
  });

  it('dates the first of a month as French does', async () => {
    const { formatters } = await import('#web/locales/index.ts');
    expect(formatters.fr.date(Date.UTC(2026, 11, 1))).toBe('1er décembre 2026');
    expect(formatters.fr.dateTime(Date.UTC(2026, 11, 1))).toMatch(/^1er déc\. 2026/);
    expect(formatters.fr.date(Date.UTC(2026, 11, 11))).toBe('11 décembre 2026');
    expect(formatters.en.date(Date.UTC(2026, 11, 1))).toBe('1 December 2026');
  });
});
