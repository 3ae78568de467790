import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { type Page, visit, type Visitor } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

const SESSION = '__Host-parvis-session';
const draft = {
  text: 'Une longue réponse\nen deux lignes',
  summary: 'Attention',
  visibility: 'unlisted',
  language: 'fr',
};

let app: TestApp;
let alice: Account;
beforeAll(async () => {
  app = await createTestApp();
  alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
  await buildUser(app.ctx, 'bob');
});
afterAll(() => app[Symbol.asyncDispose]());

async function signedIn(): Promise<Visitor> {
  const visitor = await visit(app);
  await visitor.signIn('bob');
  return visitor;
}

function expectDraft(page: Page, { csrf = true } = {}): void {
  expect(page.headers['cache-control']).toBe('private, no-store');
  expect(page.text).toContain('>Une longue réponse\nen deux lignes</textarea>');
  expect(page.text).toContain('value="Attention"');
  expect(page.text).toContain('<option value="unlisted" selected>');
  expect(page.text).toMatch(/<title>Error: /);
  expect(/name="csrf" value="[\w-]+"/.test(page.text)).toBe(csrf);
}

/** What the form on a page sends when its button is pressed. */
async function press(visitor: Visitor, { text }: Page): Promise<Page> {
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
    name!,
    value!,
  ]);
  return visitor.ask('/publish', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ ...Object.fromEntries(hidden), ...draft }).toString(),
  });
}

describe('what somebody wrote is not lost', () => {
  it('when the session ends while they write', async () => {
    const visitor = await signedIn();
    const form = await visitor.get('/home');
    visitor.cookies.delete(SESSION);
    const answer = await press(visitor, form);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Your session is over');
    expect(answer.text).toMatch(/<a href="\/sign-in" target="_blank">/);
    expectDraft(answer);
    // In another tab they sign in, and come back to press the button twice: the first time the form is not yet theirs.
    await visitor.signIn('bob');
    const again = await press(visitor, answer);
    expect(again.text).toContain('Form expired');
    expect(again.text).not.toContain('href="/sign-in" target');
    expectDraft(again);
    expect((await press(visitor, again)).status).toBe(303);
    expect((await visitor.get('/home')).text).toContain('Une longue réponse');
  });

  it('when the form is too old', async () => {
    const visitor = await signedIn();
    const form = await visitor.get('/home');
    visitor.cookies.delete(SESSION);
    await visitor.signIn('bob');
    const answer = await press(visitor, form);
    expect(answer.status).toBe(403);
    expectDraft(answer);
  });

  it('when the post they answer is deleted meanwhile', async () => {
    const post = await buildPost(app.ctx, alice, { text: 'A question' });
    const visitor = await signedIn();
    const page = await visitor.get(`/@alice/${post.id}`);
    const form = { ...page, text: page.text.slice(page.text.indexOf('action="/publish"')) };
    await deletePost(app.ctx, alice.id, post.id);
    const answer = await press(visitor, form);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('The post you reply to is no longer there');
    expect(answer.text).toContain('name="inReplyTo" value=""');
    expectDraft(answer);
  });

  it('when the database fails', async () => {
    const visitor = await signedIn();
    const form = await visitor.get('/home');
    const database = app.ctx.machinery.database;
    await database.transaction((db) => db.run('ALTER TABLE setting RENAME TO setting_away'));
    const answer = await press(visitor, form);
    await database.transaction((db) => db.run('ALTER TABLE setting_away RENAME TO setting'));
    expect(answer.status).toBe(500);
    expectDraft(answer);
  });
});

describe('what another site wrote', () => {
  it('is not shown as if somebody here had', async () => {
    const visitor = await signedIn();
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const answer = await visitor.ask('/publish', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(draft).toString(),
      });
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain('longue réponse');
    }
  });
});
