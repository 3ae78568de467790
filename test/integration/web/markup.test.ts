import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateSettings } from '#domain/instance/settings.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
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

/** Markup that must not reach a page, as if it had found a way into the database past the sanitiser. */
const vectors = [
  '<form action="https://evil.example"><input name="password"><button>Sign in</button></form>',
  '<style>body{display:none}</style>',
  '<svg onload="alert(1)"><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
  '<a href="javascript:alert(1)">a</a><a href="java&Tab;script:alert(1)">b</a><a href="vbscript:x">c</a><a href="data:text/html,<script>">d</a>',
  '<img src="https://evil.example/pixel.gif"><iframe srcdoc="<script>alert(1)</script>"></iframe><base href="https://evil.example/">',
  '<script>alert(1)</script><object data="x"></object><meta http-equiv="refresh" content="0;url=https://evil.example">',
];

const dangerous =
  /<(?:script(?! type="application\/ld\+json")|style|iframe|object|math|base|img|input name="password"|form action="https:)|\son\w+=|(?:javascript|vbscript|data):|http-equiv/i;

describe('markup of strangers', () => {
  it('A68: is written anew from an allow-list, in posts and profiles', async () => {
    const eve = await buildRemoteAccount(app.ctx, 'eve', {
      summaryHtml: vectors.join(''),
      fields: [{ name: '<script>alert(1)</script>', html: vectors.join('') }],
      displayName: '<script>alert(1)</script>',
    });
    for (const html of vectors) {
      const post = await buildRemotePost(app.ctx, eve, {
        html: `<p>before</p>${html}<p>after</p>`,
        summary: '',
        hashtags: ['evil'],
      });
      const page = await anybody.get(`/@eve@remote.example/${post.id}`);
      expect(page.status).toBe(200);
      expect(page.text).toContain('after');
      expect(page.text).not.toMatch(dangerous);
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    }
    for (const path of ['/@eve@remote.example', '/tags/evil'])
      expect((await anybody.get(path)).text).not.toMatch(dangerous);
    const contents = (await anybody.get('/tags/evil.atom')).text.match(/<content type="html">[^]*?<\/content>/g)!;
    expect(contents).toHaveLength(vectors.length);
    for (const content of contents)
      expect(content).not.toMatch(/&lt;(?:script|style|form|iframe|svg|math|img)|onerror=/);
  });

  it('A67: never hides the host a link leads to', async () => {
    const mallory = await buildRemoteAccount(app.ctx, 'mallory');
    const post = await buildRemotePost(app.ctx, mallory, {
      html: '<p><a href="https://evil.example/"><span class="invisible">https://evil.example/#</span><span>bank.example</span></a></p>',
    });
    const { text } = await anybody.get(`/@mallory@remote.example/${post.id}`);
    expect(text).not.toContain('class="invisible"');
    expect(text).toMatch(/<a href="https:\/\/evil\.example\/"[^>]*>[^<]*(?:<span>)?https:\/\/evil\.example/);
  });

  it('A67: is not in the HTML that oEmbed gives to other sites', async () => {
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    await updateProfile(ctx, alice.id, { displayName: '"><script>alert(1)</script>' });
    const post = await buildPost(ctx, alice, { text: '</title><script>alert(1)</script>' });
    const page = `https://parvis.example/@alice/${post.id}`;
    const oembed = JSON.parse(
      (await anybody.get(`/oembed?format=json&url=${encodeURIComponent(page)}`)).text,
    ) as Record<string, unknown>;
    expect(oembed).toMatchObject({ type: 'rich', version: '1.0', author_url: 'https://parvis.example/@alice' });
    expect(oembed['html']).toMatch(
      new RegExp(
        `^<iframe src="${page}/embed" width="600" height="420" title="&quot;&gt;&lt;script&gt;alert\\(1\\)&lt;/script&gt;" sandbox="[^"<>]*" loading="lazy" style="[^"<>]*"></iframe>$`,
      ),
    );
  });

  it('is linked only to http(s), and loaded from nowhere else (A70)', async () => {
    const frank = await buildRemoteAccount(app.ctx, 'frank', { avatarUrl: 'https://evil.example/a.png' });
    const attachment = (url: string) => ({ url, mediaType: 'image/png', description: 'A picture' });
    const post = await buildRemotePost(app.ctx, frank, {
      attachments: ['javascript:alert(1)', 'data:text/html,x', 'https://remote.example/pic.png'].map(attachment),
    });
    const { text } = await anybody.get(`/@frank@remote.example/${post.id}`);
    expect(text).not.toMatch(/javascript:|data:text/);
    expect(text).toContain('<a href="https://remote.example/pic.png" rel="nofollow noopener noreferrer"');
    expect(text).not.toMatch(/<img|evil\.example/);
  });
});

describe('what stands in the head of a page', () => {
  it('A71: is escaped, in titles, OpenGraph and JSON-LD', async () => {
    const { ctx } = app;
    const evil = `"></title><script>alert(1)</script><!-- '`;
    await updateSettings(ctx, { name: evil, description: evil, rules: [evil] });
    const zoe = await buildUser(ctx, 'zoe');
    await updateProfile(ctx, zoe.id, { displayName: evil, summary: evil, fields: [{ name: evil, value: evil }] });
    const post = await buildPost(ctx, zoe, { text: evil, summary: evil });
    for (const path of [
      '/',
      '/about',
      '/@zoe',
      `/@zoe/${post.id}`,
      `/@zoe/${post.id}/embed`,
      '/@zoe/follow',
      '/sign-in',
    ]) {
      const { status, text } = await anybody.get(path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).not.toMatch(/<script(?! type="application\/ld\+json")|<!--|"><\/title>/);
      expect(text.match(/<\/title>/g)).toHaveLength(1);
    }
    const [, json] = /<script type="application\/ld\+json">([^]*?)<\/script>/.exec((await anybody.get('/@zoe')).text)!;
    expect(JSON.parse(json!)).toMatchObject({ '@type': 'ProfilePage', mainEntity: { name: evil.trim() } });
  });
});
