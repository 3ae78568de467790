import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { pin } from '#domain/posts/pin.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { follow } from '#domain/relationships/follow.ts';
import { buildRemoteAccount, buildRemotePost } from '../support/remote-posts.ts';
import { createTestApp, type TestApp } from '../support/test-app.ts';
import { buildPost, buildUser, PASSWORD } from '../support/world.ts';

const CHROMIUM = '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let app: TestApp;
let browser: Browser;
let origin: string;

interface Look {
  width: number;
  colorScheme: 'light' | 'dark';
  locale: 'en' | 'fr';
}

function open({ width, colorScheme, locale }: Look, javaScriptEnabled = true): Promise<BrowserContext> {
  // Axe is put into the page, which the pages' own policy forbids, and rightly so.
  return browser.newContext({
    viewport: { width, height: 800 },
    colorScheme,
    locale,
    javaScriptEnabled,
    bypassCSP: true,
  });
}

async function check(
  page: Page,
  name: string,
  rules = `{ rules: { 'target-size': { enabled: true } } }`,
): Promise<void> {
  await page.addScriptTag({ content: axe });
  type Finding = { id: string; nodes: { html: string; failureSummary: string }[] };
  const { violations, incomplete } = (await page.evaluate(`axe.run(${rules})`)) as Record<
    'violations' | 'incomplete',
    Finding[]
  >;
  // Of ids that come twice axe says only that somebody should look.
  const doubled = incomplete.filter(({ id }) => id === 'duplicate-id-aria');
  expect(
    [...violations, ...doubled].map(({ id, nodes }) => `${name}: ${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`),
  ).toEqual([]);
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect(`${name} overflows by ${String(overflow)}`).toBe(`${name} overflows by 0`);
}

async function submit(page: Page, form: string): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.locator(`${form} button[type=submit]`).first().click()]);
}

const hasChromium = existsSync(CHROMIUM);
if (!hasChromium)
  process.stderr.write(`The browser tests are skipped: ${CHROMIUM} is not there (apt-get install chromium)\n`);

describe.skipIf(!hasChromium)('in a browser', () => {
  beforeAll(async () => {
    // A browser keeps `__Host-` cookies for HTTPS only: here it is plain HTTP, on a port that is known before the server starts.
    const port = 20_000 + (process.pid % 20_000);
    origin = `http://localhost:${port}`;
    app = await createTestApp({ config: { origin, host: `localhost:${port}`, port } });
    await app.listen();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  });
  afterAll(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
  });

  it('without scripts the owner is made, says what this place is, publishes, and signs out and in', async () => {
    const link = await app.ownerLink();
    const context = await open({ width: 360, colorScheme: 'light', locale: 'fr' }, false);
    const page = await context.newPage();
    await page.goto(link!);
    expect(await page.locator('h1').innerText()).toContain('devenez propriétaire');
    await page.fill('#username', 'alice');
    await page.fill('#email', 'alice@mail.example');
    await page.fill('#password', PASSWORD);
    await submit(page, 'main form');
    await page.fill('#name', 'La place');
    await page.fill('#rules', 'Signez ce que vous dites.');
    await page.locator('input[value=approval]').check();
    await submit(page, 'main form');
    expect(page.url()).toBe(`${origin}/home`);
    await page.fill('#compose-text', 'Bonjour à tous #bonjour');
    await submit(page, 'form.compose');
    expect(await page.locator('article').innerText()).toContain('Bonjour à tous');
    await submit(page, '.site-header form');
    expect(await page.locator('.nav').innerText()).toContain('Se connecter');
    await page.goto(`${origin}/settings`);
    expect(page.url()).toContain('/sign-in');
    await page.fill('#login', 'alice');
    await page.fill('#password', PASSWORD);
    await submit(page, 'main form');
    expect(page.url()).toBe(`${origin}/settings`);
    await context.close();
  });

  it('every page reads well on a phone and a desk, light and dark, in both languages: axe finds nothing', async () => {
    const { ctx } = app;
    const alice = (await findAccountByHandle(ctx.db, 'alice', ''))!;
    await updateProfile(ctx, alice.id, {
      displayName: 'Alice',
      summary: 'Reads #news',
      fields: [{ name: 'Site', value: 'https://alice.example/' }],
    });
    const bob = await buildUser(ctx, 'bob');
    await follow(ctx, bob.id, alice.id);
    const post = await buildPost(ctx, alice, {
      text: `A list:\n\n1. One\n2. Two\n\nhttps://example.org/${'long'.repeat(40)} #news ${'w'.repeat(120)}`,
      language: 'en',
    });
    const answer = await buildPost(ctx, bob, { text: '@alice مرحبا بالجميع', language: 'ar', inReplyToId: post.id });
    await buildPost(ctx, alice, { text: '@bob Hidden', summary: 'A warning', inReplyToId: answer.id });
    // The same post as a pin, in its place and as a reblog.
    await pin(ctx, alice.id, post.id);
    await reblog(ctx, alice.id, post.id);
    const line = [answer];
    for (let n = 0; n < 6; n++)
      line.push(await buildPost(ctx, n % 2 ? bob : alice, { text: `Point ${n}`, inReplyToId: line.at(-1)!.id }));
    await deletePost(ctx, bob.id, line[4]!.id);
    const carol = await buildRemoteAccount(ctx, 'carol', { summaryHtml: '<p>From afar</p>' });
    await buildRemotePost(ctx, carol, {
      inReplyToUri: post.uri,
      language: undefined,
      attachments: [{ url: 'https://remote.example/pic.jpg', mediaType: 'image/jpeg', description: 'A square' }],
    });
    const open_ = [
      '/',
      '/about',
      '/@alice',
      '/@alice/replies',
      '/@alice/media',
      '/@alice/followers',
      '/@alice/follow',
      '/@carol@remote.example',
      `/@alice/${post.id}`,
      `/@bob/${answer.id}`,
      `/@bob/${line.at(-1)!.id}`,
      `/@alice/${post.id}/embed`,
      '/tags/news',
      '/tags/none',
      '/sign-in',
      '/nothing',
      '/setup/x',
    ];
    const signedIn = [
      '/home',
      '/settings',
      '/settings/instance',
      '/settings/instance?welcome=yes',
      `/actions/delete/${post.id}`,
      `/@alice/${post.id}`,
      '/@bob',
      `/authorize_interaction?uri=${encodeURIComponent(bob.uri)}`,
      `/authorize_interaction?uri=${encodeURIComponent(answer.uri)}`,
      '/authorize_interaction?uri=x',
    ];
    const looks: Look[] = [
      { width: 360, colorScheme: 'dark', locale: 'fr' },
      { width: 1280, colorScheme: 'light', locale: 'en' },
      { width: 360, colorScheme: 'light', locale: 'en' },
      { width: 1280, colorScheme: 'dark', locale: 'fr' },
    ];
    const lookAtAll = async (look: Look) => {
      const context = await open(look);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on(
        'console',
        (message) =>
          message.type() === 'error' && !message.text().includes('status of 4') && problems.push(message.text()),
      );
      // Of a second pass in other colours and another width only these can come out differently.
      const rules = looks.indexOf(look) < 2 ? undefined : `{ runOnly: ['color-contrast', 'target-size'] }`;
      const name = (path: string) => `${path} ${look.width} ${look.colorScheme} ${look.locale}`;
      for (const path of open_) {
        await page.goto(origin + path);
        expect(await page.locator('html').getAttribute('lang')).toBe(look.locale);
        await check(page, name(path), rules);
      }
      await page.goto(`${origin}/sign-in`);
      await page.fill('#login', 'alice');
      await page.fill('#password', 'wrong');
      await submit(page, 'main form');
      await check(page, name('a sign-in that failed'), rules);
      await page.fill('#password', PASSWORD);
      await submit(page, 'main form');
      await page.goto(`${origin}/home`);
      // The set-up was in French: the language is the browser's all the same.
      expect(await page.locator('html').getAttribute('lang')).toBe(look.locale);
      await page.locator('form.compose details').evaluate((element) => void element.setAttribute('open', ''));
      await page.fill('#compose-text', 'x'.repeat(5_001));
      await page.fill('#compose-language', '!!');
      await submit(page, 'form.compose');
      expect(await page.evaluate('document.activeElement.id')).toBe('compose-text');
      await check(page, name('a post that was refused'), rules);
      await page.fill('#compose-text', 'Not lost');
      await context.clearCookies({ name: 'parvis-session' });
      await submit(page, 'form.compose');
      expect(await page.inputValue('#compose-text')).toBe('Not lost');
      await check(page, name('a post that was sent when the session was over'), rules);
      await page.goto(`${origin}/sign-in`);
      await page.fill('#login', 'alice');
      await page.fill('#password', PASSWORD);
      await submit(page, 'main form');
      for (const path of signedIn) {
        await page.goto(origin + path);
        for (const details of await page.locator('details').all())
          await details.evaluate((element) => void element.setAttribute('open', ''));
        await check(page, name(`signed in ${path}`), rules);
      }
      expect(problems).toEqual([]);
      await context.close();
    };
    await Promise.all(looks.map(lookAtAll));
  }, 240_000);

  it('loads nothing from elsewhere, runs no script, and blocks what is slipped in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${origin}/`);
    expect(asked.length).toBeLessThanOrEqual(6);
    expect(asked.every((url) => url.startsWith(origin))).toBe(true);
    const ran = await page.evaluate(`new Promise((resolve) => {
      globalThis.ran = false;
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = true';
      document.body.append(script);
      setTimeout(() => resolve(globalThis.ran), 50);
    })`);
    expect(ran).toBe(false);
    await context.close();
  });

  it('on a phone the news begins on the first screens, below a header of two rows, in French and signed in too', async () => {
    for (let n = 0; n < 6; n++) await buildUser(app.ctx, `neighbour_with_a_long_name_${n}`);
    app.clock.advance(10_000);
    const context = await open({ width: 360, colorScheme: 'light', locale: 'fr' });
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    const top = await page.locator('#latest').evaluate((element) => element.getBoundingClientRect().top);
    expect(top).toBeLessThan(640);
    await page.goto(`${origin}/sign-in`);
    await page.fill('#login', 'alice');
    await page.fill('#password', PASSWORD);
    await submit(page, 'main form');
    await page.click('.choices button[value=fr]');
    await page.waitForURL(`${origin}/home`);
    expect((await page.locator('.site-header').boundingBox())!.height).toBeLessThan(115);
    await context.close();
  });

  it('mentions read from left to right in a post from right to left', async () => {
    const samir = await buildUser(app.ctx, 'samir');
    const post = await buildPost(app.ctx, samir, {
      text: 'مرحبا @alice (https://example.org/) بالجميع',
      language: 'ar',
    });
    const context = await open({ width: 360, colorScheme: 'light', locale: 'en' });
    const page = await context.newPage();
    await page.goto(`${origin}/@samir/${post.id}`);
    const [at, name, slash, host] = (await page.evaluate(`(() => {
      const leftOf = (node, from, to) => {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, to);
        return range.getBoundingClientRect().left;
      };
      const mention = document.querySelector('.focused .mention');
      const url = [...document.querySelectorAll('.focused .prose a')].at(-1);
      const shown = [...url.querySelectorAll('span')].find((span) => span.className !== 'invisible')?.firstChild ?? url.firstChild;
      const end = shown.data.length;
      return [leftOf(mention.firstChild, 0, 1), leftOf(mention.querySelector('span').firstChild, 0, 1),
        leftOf(shown, end - 1, end), leftOf(shown, 0, 1)];
    })()`)) as [number, number, number, number];
    expect(at).toBeLessThan(name);
    expect(host).toBeLessThan(slash);
    await context.close();
  });

  it('on paper everything is there, dark on light, and nothing that can only be pressed', async () => {
    const alice = (await findAccountByHandle(app.ctx.db, 'alice', ''))!;
    const post = await buildPost(app.ctx, alice, {
      text: `Behind a warning https://example.org/${'long/'.repeat(20)}`,
      summary: 'Careful',
    });
    const context = await open({ width: 800, colorScheme: 'dark', locale: 'en' });
    const page = await context.newPage();
    await page.goto(`${origin}/@alice/${post.id}`);
    await page.click('.choices button[value=dark]');
    await page.waitForLoadState();
    expect(page.url()).toBe(`${origin}/@alice/${post.id}`);
    expect(await page.locator('.address').isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(33, 31, 27)');
    expect(
      await page.evaluate(`document.querySelector('.focused .prose').checkVisibility({ contentVisibilityAuto: true })`),
    ).toBe(true);
    expect((await page.locator('.focused .prose').boundingBox())!.height).toBeGreaterThan(20);
    expect((await page.locator('.focused .invisible').last().boundingBox())!.width).toBeGreaterThan(100);
    expect(await page.locator('.address').innerText()).toBe(`${origin}/@alice/${post.id}`);
    await page.goto(`${origin}/@alice`);
    for (const hidden of ['.tabs', '.profile-action .button', '.site-header nav', '.site-footer'])
      expect([hidden, await page.locator(hidden).isVisible()]).toEqual([hidden, false]);
    await context.close();
  });

  it('the keyboard reaches the content first, and colours follow the choice', async () => {
    const context = await open({ width: 360, colorScheme: 'light', locale: 'en' });
    const page = await context.newPage();
    await page.goto(`${origin}/@alice`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Dark' }).click();
    await page.waitForURL(`${origin}/@alice`);
    expect(await ground()).not.toBe(light);
    await context.close();
  });
});
