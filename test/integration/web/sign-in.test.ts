import { describe, expect, it } from 'vitest';
import { disableUser } from '#domain/sign-in/manage-user.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser, PASSWORD } from '../../support/world.ts';

async function createWorld(config: Parameters<typeof createTestApp>[0] = {}) {
  const app = await createTestApp(config);
  const alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
  return { app, alice, visitor: await visit(app) };
}

function tryWith(visitor: Visitor, login: string, password: string) {
  return visitor.submit('/sign-in', '/sign-in', { login, password });
}

const SESSION = '__Host-parvis-session';

describe('signing in', () => {
  it('opens a session in a cookie that only this host reads, and leads back', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    const first = await visitor.get('/home');
    expect([first.status, first.headers['location']]).toEqual([303, '/sign-in?to=%2Fhome']);
    const answer = await tryWith(visitor, 'alice@mail.example', PASSWORD);
    expect([answer.status, answer.headers['location']]).toEqual([303, '/home']);
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-parvis-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=2592000; Secure$/,
    );
    expect((await visitor.get('/home')).status).toBe(200);
    const token = visitor.cookies.get(SESSION)!;
    const stored = await app.ctx.db.all<{ tokenHash: string }>('SELECT token_hash FROM session');
    expect(stored.map(({ tokenHash }) => tokenHash)).not.toContain(token);
  });

  it('gives another session each time, and ends the one before', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    await visitor.signIn('alice');
    const first = visitor.cookies.get(SESSION)!;
    const other = await visit(app);
    other.cookies.set(SESSION, first);
    expect((await other.get('/home')).status).toBe(200);
    // Somebody signs in anew in the browser of the first.
    visitor.cookies.delete(SESSION);
    await visitor.signIn('alice');
    expect(visitor.cookies.get(SESSION)).not.toBe(first);
    other.cookies.set(SESSION, visitor.cookies.get(SESSION)!);
    await visitor.submit('/home', '/sign-out');
    expect(visitor.cookies.has(SESSION)).toBe(false);
    expect((await other.get('/home')).status).toBe(303);
  });

  it('lasts for as long as one comes back within a month', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    const day = 24 * 3_600_000;
    await visitor.signIn('alice');
    app.clock.advance(day - 1);
    expect((await visitor.get('/home')).headers['set-cookie']).toBeUndefined();
    app.clock.advance(1);
    const extended = await visitor.get('/home');
    expect(extended.headers['set-cookie']).toBe(
      `${SESSION}=${visitor.cookies.get(SESSION)!}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000; Secure`,
    );
    // Once a day.
    expect((await visitor.get('/home')).headers['set-cookie']).toBeUndefined();
    app.clock.advance(29 * day);
    expect((await visitor.get('/home')).status).toBe(200);
    app.clock.advance(30 * day);
    expect((await visitor.get('/home')).status).toBe(303);
  });

  it('A80: answers alike whether the name, the password or the permission is missing', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    const bob = await buildUser(app.ctx, 'bob');
    await disableUser(app.ctx, bob.id);
    const cases = [
      ['alice', 'wrong password'],
      ['nobody', 'wrong password'],
      ['bob', PASSWORD],
      ['nobody@mail.example', PASSWORD],
      ['instance', PASSWORD],
    ] as const;
    const answers = [];
    for (const [login, password] of cases) {
      const times = [];
      let answer = await tryWith(visitor, login, password);
      // The shortest of some tries: others work on this machine too.
      for (let n = 0; n < 4; n++) {
        const started = performance.now();
        answer = await tryWith(visitor, login, password);
        times.push(performance.now() - started);
      }
      const { status, headers, text } = answer;
      answers.push({
        status,
        headers: { ...headers, date: '', 'content-length': '' },
        text: text.replace(`value="${login}"`, ''),
        ms: Math.min(...times),
      });
    }
    for (const { status, headers, text, ms } of answers) {
      expect(status).toBe(403);
      expect(headers).toEqual(answers[0]!.headers);
      expect(text).toBe(answers[0]!.text);
      // The work is the password's: without it an answer takes a tenth of that.
      expect(ms).toBeGreaterThan(answers[0]!.ms / 3);
    }
    expect(answers[0]!.text).toContain('role="alert"');
  });

  it('is limited per name and per place', async () => {
    const { app, visitor } = await createWorld({ config: { rateLimits: true } });
    await using _ = app;
    for (let n = 0; n < 10; n++) expect((await tryWith(visitor, 'alice', `guess ${n}`)).status).toBe(403);
    const refused = await tryWith(visitor, 'ALICE ', PASSWORD);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await tryWith(visitor, 'nobody', 'guess')).status).toBe(403);
    app.clock.advance(10 * 60_000);
    expect((await tryWith(visitor, 'alice', PASSWORD)).status).toBe(303);
  });

  it('A64: is limited by the address that a trusted proxy tells, and by no other', async () => {
    const { app, visitor } = await createWorld({ config: { rateLimits: true, trustedProxies: ['192.0.2.1/32'] } });
    await using _ = app;
    const csrf = /name="csrf" value="([^"]*)"/.exec((await visitor.get('/sign-in')).text)![1]!;
    const attempt = (n: number) =>
      visitor.ask('/sign-in', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': `198.51.100.${n}` },
        body: new URLSearchParams({ csrf, login: `name${n}`, password: 'guess' }).toString(),
      });
    const answers = await Promise.all(Array.from({ length: 31 }).map((_none, n) => attempt(n)));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(1);
  });

  it('leads nowhere else', async () => {
    const { app } = await createWorld();
    await using _ = app;
    for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example', '/\t/evil.example']) {
      const visitor = await visit(app);
      const answer = await visitor.submit('/sign-in', '/sign-in', { login: 'alice', password: PASSWORD, to });
      expect([to, answer.headers['location']]).toEqual([to, '/home']);
    }
  });
});

describe('forms', () => {
  const form = (fields: Record<string, string>, headers: Record<string, string> = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  });
  const tokenIn = (text: string) => /name="csrf" value="([^"]*)"/.exec(text)![1]!;
  const count = async (app: TestApp) => (await app.ctx.db.get<{ n: number }>('SELECT count(*) AS n FROM post'))!.n;

  it('act only when they come from a page of ours, with its token', async () => {
    const { app, alice, visitor } = await createWorld();
    await using _ = app;
    await visitor.signIn('alice');
    await buildUser(app.ctx, 'bob');
    const mallory = await visit(app);
    await mallory.signIn('bob');
    const csrf = tokenIn((await visitor.get('/home')).text);
    const attempts: [string, ReturnType<typeof form>][] = [
      ['no token', form({ text: 'Forged' })],
      ['an empty token', form({ text: 'Forged', csrf: '' })],
      ['the token of somebody else', form({ text: 'Forged', csrf: tokenIn((await mallory.get('/home')).text) })],
      ['another site by Origin', form({ text: 'Forged', csrf }, { origin: 'https://evil.example' })],
      ['another site by Sec-Fetch-Site', form({ text: 'Forged', csrf }, { 'sec-fetch-site': 'cross-site' })],
      ['a neighbour', form({ text: 'Forged', csrf }, { 'sec-fetch-site': 'same-site' })],
    ];
    for (const [name, attempt] of attempts) {
      const answer = await visitor.ask('/publish', attempt);
      expect([name, answer.status]).toEqual([name, 403]);
      expect(answer.text).toContain('Form expired');
    }
    expect(await count(app)).toBe(0);
    expect((await visitor.ask('/publish', form({ text: 'Mine', csrf }))).status).toBe(303);
    expect(await count(app)).toBe(1);
    const post = await buildPost(app.ctx, alice);
    for (const path of [
      `/actions/delete/${post.id}`,
      `/actions/follow/${alice.id}`,
      '/settings',
      '/settings/instance',
      '/sign-out',
    ]) {
      expect([path, (await visitor.ask(path, form({}))).status]).toEqual([path, 403]);
    }
  });

  it('sign nobody in or out from another site', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    const login = { login: 'alice', password: PASSWORD };
    expect((await visitor.ask('/sign-in', form(login))).status).toBe(403);
    const token = tokenIn((await (await visit(app)).get('/sign-in')).text);
    expect((await visitor.ask('/sign-in', form({ ...login, csrf: token }))).status).toBe(403);
    expect(visitor.cookies.has(SESSION)).toBe(false);
  });

  it('ask people who are not signed in to sign in first', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    for (const path of [
      '/home',
      '/settings',
      '/settings/instance',
      '/actions/delete/1',
      '/authorize_interaction?uri=x',
    ]) {
      const { status, headers } = await visitor.get(path);
      expect([path, status]).toEqual([path, 303]);
      expect(headers['location']).toBe(`/sign-in?to=${encodeURIComponent(path)}`);
    }
    for (const path of ['/publish', '/actions/follow/1', '/settings', '/settings/instance']) {
      const answer = await visitor.ask(path, form({}));
      expect([path, answer.status, answer.headers['location']]).toEqual([path, 303, '/sign-in?to=%2Fhome']);
    }
  });

  it('are refused when they are too large', async () => {
    const { app, visitor } = await createWorld();
    await using _ = app;
    await visitor.signIn('alice');
    const answer = await visitor.submit('/home', '/publish', { text: 'x'.repeat(300_000) });
    expect(answer.status).toBe(413);
  });
});
