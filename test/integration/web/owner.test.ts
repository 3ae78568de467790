import { describe, expect, it } from 'vitest';
import { getSettings } from '#domain/instance/settings.ts';
import { hasOwner } from '#domain/sign-in/user-store.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit } from '../../support/visitor.ts';
import { buildUser, PASSWORD } from '../../support/world.ts';

const HOUR = 3_600_000;
const owner = { username: 'alice', email: 'alice@mail.example', password: PASSWORD };

async function pathOfLink(app: TestApp): Promise<string> {
  const link = await app.ownerLink();
  return new URL(link!).pathname;
}

describe('the owner link', () => {
  it('creates the owner, signs them in, and asks what this place is', async () => {
    await using app = await createTestApp();
    const link = await app.ownerLink();
    expect(link).toMatch(/^https:\/\/parvis\.example\/setup\/[\w-]{43}$/);
    const path = new URL(link!).pathname;
    const visitor = await visit(app);
    const page = await visitor.get(path);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'private, no-store' });
    const made = await visitor.submit(path, path, owner);
    expect([made.status, made.headers['location']]).toEqual([303, '/settings/instance?welcome=yes']);
    expect(await hasOwner(app.ctx.db)).toBe(true);
    expect((await visitor.get('/settings/instance?welcome=yes')).text).toContain('You are the owner');
    const set = await visitor.submit('/settings/instance?welcome=yes', '/settings/instance?welcome=yes', {
      name: 'The Square',
      description: 'News',
      rules: 'Be kind.\r\n\r\n  Sign. ',
      registration: 'approval',
      contactEmail: 'alice@mail.example',
      indexing: 'on',
    });
    expect([set.status, set.headers['location']]).toEqual([303, '/home']);
    expect(await getSettings(app.ctx)).toMatchObject({
      name: 'The Square',
      rules: ['Be kind.', 'Sign.'],
      registration: 'approval',
      indexing: 'allowed',
    });
  });

  it('works once, for an hour, until the next start, and says what to do afterwards', async () => {
    await using app = await createTestApp();
    const visitor = await visit(app);
    const first = await pathOfLink(app);
    const second = await pathOfLink(app);
    expect((await visitor.get(first)).status).toBe(403);
    expect((await visitor.get(`${second.slice(0, -1)}!`)).status).toBe(403);
    app.clock.advance(HOUR - 1);
    expect((await visitor.get(second)).status).toBe(200);
    app.clock.advance(1);
    const expired = await visitor.get(second);
    expect(expired.status).toBe(403);
    expect(expired.text).toContain('<code>parvis owner-link</code>');
    const third = await pathOfLink(app);
    const late = await visit(app);
    await late.get(third);
    await visitor.submit(third, third, owner);
    expect((await late.get(third)).status).toBe(403);
    expect(await app.ownerLink()).toBeUndefined();
  });

  it('names the command of a copy that is tried out on this machine', async () => {
    await using app = await createTestApp({ config: { origin: 'http://localhost:3000', host: 'localhost:3000' } });
    const page = await (await visit(app)).get('/setup/x');
    expect(page.text).toContain('<code>npm run -s parvis -- owner-link</code>');
  });

  it('does not decide the language of the owner for all browsers and all time', async () => {
    await using app = await createTestApp();
    const path = await pathOfLink(app);
    const visitor = await visit(app);
    const french = { 'accept-language': 'fr' };
    expect((await visitor.get(path, french)).text).toContain('<html lang="fr"');
    await visitor.submit(path, path, owner);
    expect((await visitor.get('/home', { 'accept-language': 'en' })).text).toContain('<html lang="en"');
    expect((await visitor.get('/home', french)).text).toContain('<html lang="fr"');
  });

  it('makes one owner of two who use it at once', async () => {
    await using app = await createTestApp();
    const path = await pathOfLink(app);
    const [one, other] = [await visit(app), await visit(app)];
    const answers = await Promise.all([
      one.submit(path, path, owner),
      other.submit(path, path, { ...owner, username: 'mallory', email: 'mallory@mail.example' }),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303, 403]));
    const owners = await app.ctx.db.all(`SELECT 1 FROM "user" WHERE role = 'owner'`);
    expect(owners).toHaveLength(1);
  });

  it('stays open after a mistake, and says which in the language of whoever made it', async () => {
    await using app = await createTestApp();
    const path = await pathOfLink(app);
    const visitor = await visit(app);
    await visitor.prefer({ language: 'fr' });
    for (const [wrong, message] of [
      [{ username: 'not a name' }, 'Ce nom ne peut pas être utilisé'],
      [{ email: 'nowhere' }, 'Ce n’est pas une adresse électronique'],
      [{ password: 'short' }, 'Le mot de passe doit compter de 8 à 256 caractères'],
    ] as const) {
      const answer = await visitor.submit(path, path, { ...owner, ...wrong });
      expect(answer.status).toBe(422);
      // Once, at its field: above the form stands only that something is wrong.
      expect(answer.text.split(message)).toHaveLength(2);
      expect(answer.text).toContain('aria-invalid="true"');
      expect(answer.text).not.toContain(PASSWORD);
    }
    expect((await visitor.submit(path, path, owner)).status).toBe(303);
  });
});

describe('settings', () => {
  it('of this place are for its owner', async () => {
    await using app = await createTestApp();
    await buildUser(app.ctx, 'alice', { role: 'owner' });
    await buildUser(app.ctx, 'bob');
    const visitor = await visit(app);
    await visitor.signIn('bob');
    expect((await visitor.get('/settings/instance')).status).toBe(403);
    expect((await visitor.ask('/settings/instance', { method: 'POST' })).status).toBe(403);
    expect((await visitor.get('/settings')).text).not.toContain('/settings/instance');
  });

  it('leave alone what the operator has fixed', async () => {
    await using app = await createTestApp({ config: { registration: 'closed' } });
    await buildUser(app.ctx, 'alice', { role: 'owner' });
    const visitor = await visit(app);
    await visitor.signIn('alice');
    expect((await visitor.get('/settings/instance')).text).toContain('<fieldset disabled>');
    await visitor.submit('/settings/instance', '/settings/instance', { name: 'Here', registration: 'open' });
    expect((await getSettings(app.ctx)).registration).toBe('closed');
  });

  it('show what the operator has fixed, also where something else was refused', async () => {
    await using app = await createTestApp({ config: { registration: 'open' } });
    await buildUser(app.ctx, 'alice', { role: 'owner' });
    const visitor = await visit(app);
    await visitor.signIn('alice');
    const refused = await visitor.submit('/settings/instance', '/settings/instance', { name: '' });
    expect(refused.status).toBe(422);
    expect(refused.text.match(/name="registration" value="\w+" checked/g)).toEqual([
      'name="registration" value="open" checked',
    ]);
  });

  it('of a profile are shown on it', async () => {
    await using app = await createTestApp();
    await buildUser(app.ctx, 'alice', { role: 'owner' });
    const visitor = await visit(app);
    await visitor.signIn('alice');
    const answer = await visitor.submit('/settings', '/settings', {
      displayName: 'Alice',
      summary: 'I read **everything**',
      indexable: 'on',
      discoverable: 'on',
    });
    expect(answer.headers['location']).toBe('/settings');
    expect((await visitor.get('/settings')).text).toContain('role="status"');
    const profile = await (await visit(app)).get('/@alice');
    expect(profile.text).toContain('I read <strong>everything</strong>');
    expect(profile.text).not.toContain('content="noindex"');
  });

  it('say of a description that names too many what is wrong with it, beside it', async () => {
    await using app = await createTestApp();
    await buildUser(app.ctx, 'alice');
    const visitor = await visit(app);
    await visitor.signIn('alice');
    const names = Array.from({ length: 51 }, (_, n) => `@name${n}`).join(' ');
    for (const [summary, problem] of [
      [names, 'At most 50 accounts can be named.'],
      [names.replaceAll('@', '#'), 'There can be at most 50 hashtags.'],
    ]) {
      const answer = await visitor.submit('/settings', '/settings', { displayName: 'Alice', summary: summary! });
      expect(answer.status).toBe(422);
      expect(answer.text).toMatch(new RegExp(`id="[^"]*summary[^"]*"[^>]*>[^<]*${problem}`));
      expect(answer.text).not.toContain('A post has');
    }
  });
});
