import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { parseSignedRequest } from '#activitypub/signature.ts';
import { createSender } from '#activitypub/delivery.ts';
import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { listKeys } from '#domain/accounts/key-store.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { createSafeFetch } from '#lib/safe-fetch.ts';
import type { FakeRequest } from '#remote/fake.ts';
import { createNetworkRemote } from '#remote/network.ts';
import { openDoor } from '../support/ask.ts';
import { onEachDialect } from '../support/databases.ts';
import { buildRemoteFollower } from '../support/remote-followers.ts';
import { createTestApp, type TestApp, type TestDialect } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const INBOX = 'https://one.example/inbox';

async function createWorld(dialect: TestDialect, hosts: readonly string[] = ['one.example']) {
  const app = await createTestApp({ dialect });
  const alice = await buildUser(app.ctx, 'alice');
  for (const host of hosts) {
    app.remote.serve(`https://${host}/inbox`, { status: 202 });
    await buildRemoteFollower(app.ctx, `f@${host}`, alice);
    app.remote.serve(`https://${host}/users/f/inbox`, { status: 202 });
  }
  await app.drain();
  return { app, ctx: app.ctx, alice };
}

const inboxesOf = (app: TestApp, type = 'Create') =>
  app.remote.posts.filter((post) => (JSON.parse(post.body) as { type: string }).type === type).map((post) => post.url);

async function waiting(ctx: Ctx) {
  return ctx.db.all<{ host: string; attempt: number; due: number; leasedBy: string | null; lastError: string | null }>(
    'SELECT host, attempt, due, leased_by, last_error FROM delivery ORDER BY id',
  );
}

async function hostRow(ctx: Ctx, host: string) {
  return ctx.db.get<{ failures: number; retryAt: number | null; speaksRfc9421: number }>(
    'SELECT failures, retry_at, speaks_rfc9421 FROM remote_host WHERE host = ?',
    [host],
  );
}

async function passes(ctx: Ctx, author: Account, request: FakeRequest): Promise<string | undefined> {
  const url = new URL(request.url);
  const rawHeaders = Object.entries(request.headers).flat();
  const options = { hosts: new Set([url.host]), scheme: 'https' as const, now: ctx.now() };
  const body = Buffer.from(request.body);
  const signed = parseSignedRequest({ method: 'POST', target: url.pathname, rawHeaders, body }, options);
  if (!signed.ok) throw new Error(signed.reason);
  const key = (await listKeys(ctx.db, author.id)).find((candidate) => candidate.uri === signed.keyId);
  return key && signed.verify(createPublicKey(key.publicKey)) ? signed.spec : undefined;
}

onEachDialect('Delivery', (dialect) => {
  test('an activity is signed for each inbox, and nothing is left of it once it arrived', async () => {
    const { app, ctx, alice } = await createWorld(dialect, ['one.example', 'two.example']);
    await using _ = app;
    const post = await buildPost(ctx, alice);
    await app.drain();
    const posts = app.remote.posts.slice(-2);
    expect(posts.map(({ url }) => url).sort()).toEqual([INBOX, 'https://two.example/inbox']);
    for (const request of posts) {
      expect(await passes(ctx, alice, request)).toBe('cavage');
      expect(JSON.parse(request.body)).toMatchObject({
        type: 'Create',
        id: `${post.uri}/activity`,
        object: { id: post.uri },
      });
    }
    expect(await waiting(ctx)).toEqual([]);
    expect(await ctx.db.all('SELECT id FROM delivery_body')).toEqual([]);
  });

  test('what fails for now is repeated later with the same id, up to a week', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(INBOX, { status: 500 });
    await buildPost(ctx, alice);
    await app.drain();
    expect(inboxesOf(app)).toHaveLength(1);
    expect(await waiting(ctx)).toMatchObject([
      { attempt: 1, leasedBy: null, due: ctx.now() + MINUTE, lastError: 'status 500' },
    ]);
    app.clock.advance(MINUTE);
    await app.drain();
    expect(inboxesOf(app)).toHaveLength(2);
    const ids = app.remote.posts.slice(-2).map((post) => (JSON.parse(post.body) as { id: string }).id);
    expect(ids[0]).toBe(ids[1]);
    for (let hours = 0; hours < 8 * 24; hours += 6) {
      app.clock.advance(6 * HOUR);
      await app.drain();
    }
    expect(await waiting(ctx)).toEqual([]);
    expect(await ctx.db.all('SELECT id FROM delivery_body')).toEqual([]);
    expect(inboxesOf(app).length).toBeGreaterThan(15);
    expect(inboxesOf(app).length).toBeLessThan(40);
  });

  test.each([
    // Its actor is asked first whether it is elsewhere.
    [410, 2],
    [403, 1],
    [400, 1],
    [404, 3],
    [401, 3],
  ])('status %i is final after %i tries', async (status, tries) => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(INBOX, { status });
    await buildPost(ctx, alice);
    for (let round = 0; round < 6; round++) {
      await app.drain();
      app.clock.advance(HOUR);
    }
    expect(inboxesOf(app)).toHaveLength(tries);
    expect(await waiting(ctx)).toEqual([]);
    // It answers, so it is not down.
    expect((await hostRow(ctx, 'one.example'))?.failures ?? 0).toBe(0);
  });

  test('what the allowance for inboxes of another origin puts off is not claimed again before it may be sent', async () => {
    const app = await createTestApp({ dialect });
    await using _ = app;
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    const inboxes = Array.from({ length: 60 }, (_item, n) => `https://elsewhere.example/inboxes/${n}`);
    for (const [n, inbox] of inboxes.entries()) {
      app.remote.serve(inbox, { status: 202 });
      await buildRemoteFollower(ctx, `f${n}@one.example`, alice, { inbox, sharedInbox: undefined });
    }
    for (let round = 0; round < 10; round++) {
      await app.drain();
      app.clock.advance(MINUTE);
    }
    app.remote.posts.length = 0;
    await buildPost(ctx, alice);
    await app.drain();
    const sentAtOnce = inboxesOf(app).length;
    expect(sentAtOnce).toBeGreaterThan(0);
    expect(sentAtOnce).toBeLessThan(inboxes.length);
    // Nothing changes while nothing may be sent, however often the sender looks.
    const before = await waiting(ctx);
    for (let look = 0; look < 5; look++) {
      app.clock.advance(1_000);
      await app.drain();
    }
    expect(await waiting(ctx)).toEqual(before);
    for (let round = 0; round < 10; round++) {
      app.clock.advance(MINUTE);
      await app.drain();
    }
    expect(new Set(inboxesOf(app))).toEqual(new Set(inboxes));
    expect(inboxesOf(app)).toHaveLength(inboxes.length);
  });

  test.each([401, 403, 404, 410])('status %i ends a farewell: there is nothing left to be deleted', async (status) => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(INBOX, { status });
    await deleteAccount(ctx, alice.id);
    await app.drain();
    expect(inboxesOf(app, 'Delete')).toHaveLength(1);
    expect(await waiting(ctx)).toEqual([]);
    expect(await ctx.db.all("SELECT id FROM job WHERE handler LIKE '%inbox%'")).toEqual([]);
  });

  test('the key of a deleted account is shown, and nothing else of it, until the farewell is delivered', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    await updateProfile(ctx, alice.id, { displayName: 'Alice Secret' });
    await app.drain();
    const ask = await openDoor(app);
    app.remote.serve(INBOX, { status: 503 });
    await deleteAccount(ctx, alice.id);
    await app.drain();
    const during = await ask(`/users/${alice.id}`);
    expect(during.status).toBe(200);
    expect(during.json).toMatchObject({ id: alice.uri, publicKey: { owner: alice.uri } });
    expect(during.text).not.toContain('Secret');
    app.remote.serve(INBOX, { status: 202 });
    app.clock.advance(HOUR);
    await app.drain();
    app.clock.advance(HOUR);
    await app.drain();
    expect(await waiting(ctx)).toEqual([]);
    expect((await ask(`/users/${alice.id}`)).status).toBe(410);
  });

  test('an inbox that asks for patience gets it, for everything that waits for it, and its neighbours wait for nothing', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    const neighbour = 'https://one.example/users/g/inbox';
    app.remote.serve(neighbour, { status: 202 });
    await buildRemoteFollower(ctx, 'g@one.example', alice, { sharedInbox: undefined });
    await app.drain();
    app.remote.serve(INBOX, { status: 503, headers: { 'retry-after': '86400' } });
    for (let n = 0; n < 20; n++) await buildPost(ctx, alice);
    await app.drain();
    const countOf = (inbox: string) => inboxesOf(app).filter((url) => url === inbox).length;
    // Two at a time, so two may have been under way when the first answer came.
    expect(countOf(INBOX)).toBeLessThanOrEqual(2);
    expect(countOf(neighbour)).toBe(20);
    const tried = countOf(INBOX);
    app.clock.advance(HOUR);
    await buildPost(ctx, alice);
    await app.drain();
    expect(countOf(INBOX)).toBe(tried);
    expect(countOf(neighbour)).toBe(21);
    app.remote.serve(INBOX, { status: 202 });
    app.clock.advance(24 * HOUR);
    await app.drain();
    expect(await waiting(ctx)).toEqual([]);
    expect(countOf(INBOX)).toBe(tried + 21);
  });

  test('an inbox of another origin is charged to the actor that names it, and gets little at once', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    const elsewhere = (n: number) => `https://one.example/search?q=${n}`;
    for (let n = 0; n < 30; n++) {
      app.remote.serve(elsewhere(n), { status: 503, headers: { 'retry-after': '86400' } });
      await buildRemoteFollower(ctx, `m${n}@h${n}.evil.example`, alice, {
        inbox: elsewhere(n),
        sharedInbox: undefined,
      });
    }
    await app.drain();
    const search = () => app.remote.posts.filter(({ url }) => url.includes('/search')).length;
    // The Accepts of 30 Follows.
    expect(search()).toBe(20);
    expect(await hostRow(ctx, 'one.example')).toBeUndefined();
    await buildPost(ctx, alice);
    await app.drain();
    expect(inboxesOf(app).filter((url) => url === INBOX)).toHaveLength(1);
    expect(search()).toBe(20);
    app.clock.advance(MINUTE);
    await app.drain();
    expect(search()).toBe(32);
    expect((await hostRow(ctx, 'h0.evil.example'))?.retryAt).toBeGreaterThan(ctx.now());
  });

  test('an inbox of another origin that works gets everything, if a little later', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    const inbox = 'https://social.elsewhere.example/v1/@site/inbox';
    app.remote.serve(inbox, { status: 202 });
    await buildRemoteFollower(ctx, 'site@static.example', alice, { inbox, sharedInbox: undefined });
    for (let n = 0; n < 30; n++) await buildPost(ctx, alice);
    for (let minutes = 0; minutes < 3; minutes++) {
      await app.drain();
      app.clock.advance(MINUTE);
    }
    expect(inboxesOf(app).filter((url) => url === inbox)).toHaveLength(30);
    expect(await waiting(ctx)).toEqual([]);
    // Postponed is not failed.
    expect(await ctx.db.all("SELECT host FROM remote_host WHERE host = 'static.example'")).toEqual([]);
  });

  test('a host that is down is probed with one request at a time, and gets everything once it is back', async () => {
    const { app, ctx, alice } = await createWorld(dialect, ['one.example', 'two.example']);
    await using _ = app;
    app.remote.takeDown('one.example');
    for (let n = 0; n < 30; n++) await buildPost(ctx, alice);
    await app.drain();
    const tried = () => inboxesOf(app).filter((url) => url === INBOX).length;
    expect(inboxesOf(app).filter((url) => url.includes('two.example'))).toHaveLength(30);
    // Two at a time, until three failures in a row open the circuit.
    expect(tried()).toBeLessThanOrEqual(4);
    expect((await hostRow(ctx, 'one.example'))?.retryAt).toBeGreaterThan(ctx.now());
    // A new post does not even try.
    const before = tried();
    await buildPost(ctx, alice);
    await app.drain();
    expect(tried()).toBe(before);
    app.clock.advance(5 * MINUTE);
    await app.drain();
    expect(tried()).toBe(before + 1);
    app.clock.advance(5 * MINUTE);
    await app.drain();
    expect(tried()).toBe(before + 1);
    app.remote.serve(INBOX, { status: 202 });
    app.clock.advance(10 * MINUTE);
    await app.drain();
    expect(await waiting(ctx)).toEqual([]);
    expect(await hostRow(ctx, 'one.example')).toMatchObject({ failures: 0, retryAt: null });
    expect(new Set(app.remote.posts.filter((post) => post.url === INBOX).map((post) => post.body)).size).toBe(31);
  });

  test('no host waits for a slow one, and none gets more than two requests at a time', async () => {
    const hosts = Array.from({ length: 20 }, (_, n) => `host${n}.example`);
    const { app, ctx, alice } = await createWorld(dialect, ['slow.example', ...hosts]);
    await using _ = app;
    const release = Promise.withResolvers<void>();
    let underway = 0;
    let most = 0;
    app.remote.serve('https://slow.example/inbox', async () => {
      most = Math.max(most, ++underway);
      await release.promise;
      underway--;
      return { status: 202 };
    });
    await app.listen();
    for (let n = 0; n < 40; n++) await buildPost(ctx, alice);
    await expect
      .poll(() => inboxesOf(app).filter((url) => !url.includes('slow')).length, { timeout: 15_000 })
      .toBe(800);
    expect(most).toBe(2);
    release.resolve();
    await expect.poll(() => inboxesOf(app).length, { timeout: 15_000 }).toBe(840);
    await expect.poll(() => waiting(ctx)).toEqual([]);
    expect(most).toBe(2);
  });

  test('RFC 9421 is spoken to hosts that have shown it, and no longer once it is refused', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    await inTransaction(ctx, async (tx) => {
      await tx.db.run("INSERT INTO remote_host (host, speaks_rfc9421) VALUES ('one.example', 1)");
    });
    await buildPost(ctx, alice);
    await app.drain();
    expect(await passes(ctx, alice, app.remote.posts.at(-1)!)).toBe('rfc9421');
    app.remote.serve(INBOX, ({ headers }) => ({ status: headers['signature-input'] === undefined ? 202 : 401 }));
    await buildPost(ctx, alice);
    await app.drain();
    expect(await passes(ctx, alice, app.remote.posts.at(-1)!)).toBe('cavage');
    expect(await waiting(ctx)).toEqual([]);
    expect((await hostRow(ctx, 'one.example'))?.speaksRfc9421).toBe(0);
    // A host that asks for it by Accept-Signature has shown it too.
    app.remote.serve(INBOX, ({ headers }) =>
      headers['signature-input'] === undefined
        ? { status: 401, headers: { 'accept-signature': 'sig1=()' } }
        : { status: 202 },
    );
    await buildPost(ctx, alice);
    await app.drain();
    expect(await waiting(ctx)).toEqual([]);
    expect((await hostRow(ctx, 'one.example'))?.speaksRfc9421).toBe(1);
  });

  test('a deletion takes back what was not delivered yet, and is told all the same', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(INBOX, { status: 500 });
    const post = await buildPost(ctx, alice);
    await app.drain();
    await deletePost(ctx, alice.id, post.id);
    app.remote.serve(INBOX, { status: 202 });
    await app.drain();
    app.clock.advance(HOUR);
    await app.drain();
    expect(inboxesOf(app)).toHaveLength(1);
    expect(inboxesOf(app, 'Delete')).toHaveLength(1);
    expect(await waiting(ctx)).toEqual([]);
  });

  test('a domain that is blocked meanwhile gets nothing more, its subdomains neither', async () => {
    const { app, ctx, alice } = await createWorld(dialect, ['social.bad.example']);
    await using _ = app;
    app.remote.serve('https://social.bad.example/inbox', { status: 500 });
    await buildPost(ctx, alice);
    await app.drain();
    await inTransaction(ctx, async (tx) => {
      await tx.db.run("INSERT INTO domain_block (host, created_at) VALUES ('bad.example', 0)");
    });
    await ctx.blockedHosts.refresh();
    app.clock.advance(MINUTE);
    await app.drain();
    expect(inboxesOf(app)).toHaveLength(1);
    expect(await waiting(ctx)).toEqual([]);
  });

  test('a stop gives back what is under way for too long, and another process takes it at once', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(INBOX, () => new Promise(() => {}));
    await buildPost(ctx, alice);
    const sender = createSender(ctx);
    // The jobs only: what they leave to send is this sender's.
    const jobs = app.drain();
    void jobs;
    await expect.poll(() => inboxesOf(app).length).toBe(1);
    await inTransaction(ctx, async (tx) => {
      await tx.db.run('UPDATE delivery SET leased_by = NULL, due = ?', [ctx.now()]);
    });
    sender.start();
    await expect.poll(() => inboxesOf(app).length).toBe(2);
    await sender.stop(50);
    expect(await waiting(ctx)).toMatchObject([{ leasedBy: null, due: ctx.now(), attempt: 0 }]);
  });

  test('what a process that died had claimed is delivered after its lease', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    app.remote.serve(INBOX, { status: 500 });
    await buildPost(ctx, alice);
    await app.drain();
    app.remote.serve(INBOX, { status: 202 });
    await inTransaction(ctx, async (tx) => {
      await tx.db.run("UPDATE delivery SET leased_by = 'the dead', due = ?", [ctx.now() + MINUTE]);
    });
    await app.drain();
    expect(await waiting(ctx)).toHaveLength(1);
    app.clock.advance(MINUTE);
    await app.drain();
    expect(await waiting(ctx)).toEqual([]);
  });
});

test('a real inbox gets a request that a strict server accepts', async () => {
  const received: { request: IncomingMessage; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      received.push({ request, body: Buffer.concat(chunks) });
      response.writeHead(202).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  await using app = await createTestApp({ config: { federationPrivateHosts: true } });
  const fetch = createSafeFetch({ allowPrivateHosts: true, userAgent: 'Parvis (test)' });
  const ctx: Ctx = { ...app.ctx, remote: createNetworkRemote({ fetch }) };
  const alice = await buildUser(ctx, 'alice');
  await buildRemoteFollower(ctx, 'f@real.example', alice, {
    inbox: `http://${host}/users/f/inbox`,
    sharedInbox: `http://${host}/inbox?x=1`,
  });
  app.remote.serve('http://nowhere.example/', {});
  const post = await buildPost(ctx, alice);
  await deletePost(ctx, alice.id, post.id);
  // The app's own sender has the fake network: both run the jobs, this one delivers.
  const sender = createSender(ctx);
  app.remote.serve(`http://${host}/inbox?x=1`, { status: 500 });
  await app.drain();
  app.clock.advance(HOUR);
  while (await sender.drain());
  const [{ request, body }] = received as [(typeof received)[number]];
  const options = { hosts: new Set([host]), scheme: 'http' as const, now: ctx.now() };
  const signed = parseSignedRequest(
    { method: 'POST', target: request.url!, rawHeaders: request.rawHeaders, body },
    options,
  );
  const [key] = await listKeys(ctx.db, alice.id);
  expect(signed.ok && signed.verify(createPublicKey(key!.publicKey))).toBe(true);
  expect(request.headers['content-type']).toBe('application/activity+json');
  expect(request.headers['user-agent']).toBe('Parvis (test)');
  await fetch.close();
  server.closeAllConnections();
  server.close();
});
