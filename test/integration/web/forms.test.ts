import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { type Page, visit, type Visitor } from '../../support/visitor.ts';
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
  await visitor.signIn('alice');
});
afterAll(() => app[Symbol.asyncDispose]());

/** Of each field that is marked as wrong, what is said of it. */
function wrongFields({ text }: Page): Record<string, string> {
  const fields = [...text.matchAll(/<(?:input|textarea|select) id="([^"]+)"[^>]*aria-invalid="true"/g)];
  return Object.fromEntries(
    fields.map(([tag, id]) => {
      expect(tag).toMatch(new RegExp(`aria-describedby="[^"]*${id}-error"`));
      return [id, new RegExp(`id="${id}-error">([^<]*)<`).exec(text)?.[1] ?? 'nothing'];
    }),
  );
}

function focused({ text }: Page): string[] {
  return [...text.matchAll(/id="([^"]+)"[^>]* autofocus/g)].map(([, id]) => id!);
}

describe('a form with mistakes', () => {
  it('says all of them at once, each at its field, with the rule and the length, and begins at the first', async () => {
    const answer = await visitor.submit('/settings/instance', '/settings/instance', {
      name: 'n'.repeat(81),
      description: 'd'.repeat(2_001),
      rules: `Be kind.\n\n${'r'.repeat(412)}`,
      contactEmail: 'nowhere',
    });
    expect(answer.status).toBe(422);
    expect(wrongFields(answer)).toEqual({
      name: 'A name has 1 to 80 characters. You wrote 81.',
      description: 'A description has at most 2,000 characters. You wrote 2,001.',
      rules: 'Number 2: a rule has at most 400 characters. You wrote 412.',
      contactEmail: 'This is not an e-mail address.',
    });
    expect(focused(answer)).toEqual(['name']);
    expect(answer.text).toContain('<title>Error: This place – ');
    const many = await visitor.submit('/settings/instance', '/settings/instance', {
      name: 'Here',
      rules: 'Be kind.\n'.repeat(31),
    });
    expect(wrongFields(many)).toEqual({ rules: 'There can be at most 30 rules. You wrote 31.' });
    expect(focused(many)).toEqual(['rules']);
  });

  it('of a profile too', async () => {
    const names = Array.from({ length: 51 }, (_, n) => `@name${n}`).join(' ');
    const answer = await visitor.submit('/settings', '/settings', { displayName: 'n'.repeat(101), summary: names });
    expect(wrongFields(answer)).toEqual({
      displayName: 'A name has at most 100 characters. You wrote 101.',
      summary: 'At most 50 accounts can be named. You wrote 51.',
    });
    expect(focused(answer)).toEqual(['displayName']);
  });

  it('of the set-up too, in the language of whoever made them', async () => {
    await using fresh = await createTestApp();
    const anybody = await visit(fresh);
    const path = new URL((await fresh.ownerLink())!).pathname;
    await anybody.prefer({ language: 'fr' });
    const answer = await anybody.submit(path, path, { username: 'no name', email: 'x', password: 'short' });
    expect(Object.keys(wrongFields(answer))).toEqual(['username', 'email', 'password']);
    expect(focused(answer)).toEqual(['username']);
    expect(answer.text).toContain('<title>Erreur\u00a0: Bienvenue');
  });

  it('of a post tells how long it is, and opens what is wrong in it', async () => {
    const answer = await visitor.submit('/home', '/publish', { text: 'x'.repeat(5_001), language: '!!' });
    expect(wrongFields(answer)).toEqual({
      'compose-text': 'A post has 1 to 5,000 characters. You wrote 5,001.',
      'compose-language': 'This is not a language tag such as en or fr-CH.',
    });
    expect(focused(answer)).toEqual(['compose-text']);
    expect(answer.text).toContain('<details open>');
    expect(answer.text).toContain('<title>Error: Home – ');
  });

  it('of signing in says so in the title, and begins at the name', async () => {
    const anybody = await visit(app);
    const answer = await anybody.submit('/sign-in', '/sign-in', { login: 'alice', password: 'wrong' });
    expect(answer.text).toContain('<title>Error: Sign in – ');
    expect(focused(answer)).toEqual(['login']);
  });

  it('of following from elsewhere, or of looking somebody up, ties what is wrong to the field', async () => {
    const anybody = await visit(app);
    const follow = await anybody.submit('/@alice/follow', '/@alice/follow', { account: 'me' });
    expect(Object.keys(wrongFields(follow))).toEqual(['account']);
    const search = await visitor.get('/authorize_interaction?uri=nobody');
    expect(Object.keys(wrongFields(search))).toEqual(['uri']);
    expect(focused(search)).toEqual(['uri']);
  });
});

describe('the form that writes', () => {
  const formOn = async (path: string) =>
    /<form class="compose[^]*?<\/form>/.exec((await visitor.get(path)).text)?.[0] ?? '';
  const choices = (form: string) => [...form.matchAll(/<option value="(\w+)"/g)].map(([, value]) => value);
  const chosen = (form: string) => /<option value="(\w+)" selected/.exec(form)?.[1];

  it('shows who will read it beside the button, outside what can be closed', async () => {
    const form = await formOn('/home');
    expect(form.slice(form.indexOf('</details>'))).toMatch(/Who sees it[^]*<select[^]*Publish<\/button>/);
    expect(form).toContain('<details>');
    expect([choices(form), chosen(form)]).toEqual([['public', 'unlisted', 'followers', 'direct'], 'public']);
  });

  it('answers a quiet post quietly', async () => {
    const post = await buildPost(app.ctx, bob, { text: 'Hush', visibility: 'unlisted' });
    const form = await formOn(`/@bob/${post.id}`);
    expect([choices(form), chosen(form)]).toEqual([['public', 'unlisted', 'followers', 'direct'], 'unlisted']);
  });

  it('offers no more than an answer can reach', async () => {
    const few = await buildPost(app.ctx, alice, { text: 'For few', visibility: 'followers' });
    const form = await formOn(`/@alice/${few.id}`);
    expect([choices(form), chosen(form)]).toEqual([['followers', 'direct'], 'followers']);
    const direct = await buildPost(app.ctx, bob, { text: '@alice between us', visibility: 'direct' });
    const answer = await formOn(`/@bob/${direct.id}`);
    expect(choices(answer)).toEqual([]);
    expect(answer).toContain('A direct message: only those named in it see it.');
    expect(answer).toContain('name="visibility" value="direct"');
  });

  it('shows a warning that is taken over from the post answered to', async () => {
    const post = await buildPost(app.ctx, bob, { text: 'The butler', summary: 'Spoiler' });
    const form = await formOn(`/@bob/${post.id}`);
    expect(form).toContain('<details open>');
    expect(form).toContain('value="Spoiler"');
  });
});

describe('what was done', () => {
  const notice = ({ text }: Page) => /<p class="notice" role="status">([^<]*)</.exec(text)?.[1];

  it('is said once, by the page that follows', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'A mistake' });
    const page = `/actions/delete/${post.id}`;
    await visitor.submit(page, page);
    expect(notice(await visitor.get('/home'))).toBe('The post was deleted.');
    expect(notice(await visitor.get('/home'))).toBeUndefined();
    await visitor.submit('/@bob', `/actions/follow/${bob.id}`);
    expect(notice(await visitor.get('/@bob'))).toBe('You follow this account now.');
    await visitor.submit('/@bob', `/actions/unfollow/${bob.id}`);
    expect(notice(await visitor.get('/@bob', { 'accept-language': 'fr' }))).toBe('Vous ne suivez plus ce compte.');
    await updateProfile(app.ctx, bob.id, { locked: true });
    await visitor.submit('/@bob', `/actions/follow/${bob.id}`);
    expect(notice(await visitor.get('/@bob'))).toBe('You have asked to follow this account.');
    await visitor.submit('/settings', '/settings', { displayName: 'Alice' });
    expect(notice(await visitor.get('/settings'))).toBe('Saved.');
  });

  it('is nothing that others can make a page say', async () => {
    for (const value of ['constructor', '<b>', 'nothing']) {
      visitor.cookies.set('__Host-parvis-notice', value);
      const { status, text } = await visitor.get('/home');
      expect([status, text.includes('role="status"')]).toEqual([200, false]);
    }
    const anybody = await visit(app);
    anybody.cookies.set('__Host-parvis-notice', 'deleted');
    expect((await anybody.get('/about')).text).not.toContain('role="status"');
  });
});
