import { generateKeyPairSync } from 'node:crypto';
import { signRequest } from '@fedify/fedify';
import { Create, isActor, Note, Object as VocabObject, OrderedCollection } from '@fedify/vocab';
import { expect, test } from 'vitest';
import { contextLoader } from '#activitypub/document-loader.ts';
import { createServerFederation } from '#activitypub/federation.ts';
import { inTransaction } from '#context.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { INSTANCE_ACTOR } from '#domain/accounts/account.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import { favourite } from '#domain/posts/favourite.ts';
import { pin } from '#domain/posts/pin.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { block } from '#domain/relationships/block.ts';
import { follow } from '#domain/relationships/follow.ts';
import { findFavourite } from '#domain/posts/favourite-store.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { ACTIVITY, buildAsker, openDoor, signerOf } from '../support/ask.ts';
import { buildKnownAccount, buildRemoteFollower } from '../support/remote-followers.ts';
import { createTestApp } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

const ORIGIN = 'https://parvis.example';
const LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"';

async function createWorld() {
  const app = await createTestApp();
  const ask = await openDoor(app);
  const alice = await buildUser(app.ctx, 'alice');
  const read = (json: unknown) => VocabObject.fromJsonLd(json, { contextLoader, documentLoader: contextLoader });
  return { app, ctx: app.ctx, ask, alice, read };
}

test('an actor is served under its id and its page, and Fedify reads in it what we wrote', async () => {
  const { app, ask, alice, read } = await createWorld();
  await using _ = app;
  const answer = await ask(`/users/${alice.id}`);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/activity+json; charset=utf-8');
  expect(answer.headers['vary']).toBe('Accept, Signature');
  expect((await ask('/@alice', { accept: LD })).text).toBe(answer.text);
  const actor = await read(answer.json);
  if (!isActor(actor)) throw new Error('no actor');
  expect(actor.id?.href).toBe(alice.uri);
  expect(actor.preferredUsername).toBe('alice');
  expect(actor.inboxId?.href).toBe(`${alice.uri}/inbox`);
  expect(actor.endpoints?.sharedInbox?.href).toBe(`${ORIGIN}/inbox`);
  expect((await actor.getPublicKey({ contextLoader }))?.id?.href).toBe(`${alice.uri}#main-key`);
  const [multikey] = await Array.fromAsync(actor.getAssertionMethods({ contextLoader }));
  expect(multikey?.publicKey?.algorithm.name).toBe('Ed25519');
  expect(actor.featuredId?.href).toBe(`${alice.uri}/featured`);
  expect(actor.published?.epochMilliseconds).toBe(alice.createdAt);
  // One RSA key as an object; Ed25519 apart from it.
  expect(answer.json['publicKey']).toMatchObject({ owner: alice.uri });
});

test('the page, and not the document, is for whoever asks for pages or for anything', async () => {
  const { app, ask, alice } = await createWorld();
  await using _ = app;
  for (const accept of ['text/html', '*/*', `text/html, ${ACTIVITY}`, `${ACTIVITY};q=0.5, text/html`, 'image/png']) {
    const answer = await ask(`/users/${alice.id}`, { accept });
    expect(answer.headers['content-type'] ?? '', accept).not.toContain('activity+json');
    expect(answer.headers['vary'], accept).toContain('Accept');
  }
  for (const accept of [ACTIVITY, LD.toUpperCase(), 'application/json', `text/html;q=0.5, ${ACTIVITY}`]) {
    expect((await ask(`/users/${alice.id}`, { accept })).headers['content-type'], accept).toContain('activity+json');
  }
  expect((await ask(`/users/${alice.id}/outbox`, { accept: 'text/html' })).status).toBe(406);
});

test('a page of the outbox shows an edit also where another process’s clock runs ahead', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const [one, two] = [await buildPost(ctx, alice), await buildPost(ctx, alice)];
  app.clock.advance(60_000);
  await editPost(ctx, alice.id, one.id, { text: 'By the fast clock' });
  app.clock.advance(-30_000);
  const page = `/users/${alice.id}/outbox?cursor=first`;
  expect((await ask(page)).text).toContain('By the fast clock');
  await editPost(ctx, alice.id, two.id, { text: 'By the right clock' });
  expect((await ask(page)).text).toContain('By the right clock');
});

test('an entity tag spares the body, HEAD has none', async () => {
  const { app, ask, alice } = await createWorld();
  await using _ = app;
  const first = await ask(`/users/${alice.id}`);
  const etag = String(first.headers['etag']);
  const again = await ask(`/users/${alice.id}`, { accept: ACTIVITY, 'if-none-match': etag });
  expect([again.status, again.text]).toEqual([304, '']);
  const head = await ask(`/users/${alice.id}`, { accept: ACTIVITY }, 'HEAD');
  expect([head.status, head.text, head.headers['etag']]).toEqual([200, '', etag]);
  expect(Number(head.headers['content-length'])).toBe(Buffer.byteLength(first.text));
  await updateProfile(app.ctx, alice.id, { displayName: 'Alice L.' });
  const changed = await ask(`/users/${alice.id}`, { accept: ACTIVITY, 'if-none-match': etag });
  expect(changed.json['name']).toBe('Alice L.');
});

test('a post, its Create and its reblog are served, as they are by now', async () => {
  const { app, ctx, ask, alice, read } = await createWorld();
  await using _ = app;
  const bob = await buildUser(ctx, 'bob');
  const dora = await buildKnownAccount(ctx, 'dora@three.example');
  const post = await buildPost(ctx, alice, {
    text: 'Hello @dora@three.example and @bob #Débat',
    summary: 'Politics',
    language: 'fr',
  });
  const answer = await ask(`/posts/${post.id}`);
  expect((await ask(`/@alice/${post.id}`)).text).toBe(answer.text);
  expect((await ask(`/@bob/${post.id}`)).status).toBe(404);
  const note = await read(answer.json);
  if (!(note instanceof Note)) throw new Error('no note');
  expect(note.id?.href).toBe(post.uri);
  expect(note.attributionId?.href).toBe(alice.uri);
  expect(note.toIds.map(String)).toEqual(['https://www.w3.org/ns/activitystreams#Public']);
  expect(note.ccIds.map(String).sort()).toEqual([`${alice.uri}/followers`, bob.uri, dora.uri].sort());
  expect(note.sensitive).toBe(true);
  expect(String(note.summary)).toBe('Politics');
  expect(note.contents).toHaveLength(2);
  const tags = await Array.fromAsync(note.getTags({ contextLoader }));
  expect(tags.map((tag) => String(tag.name)).sort()).toEqual(['#Débat', '@bob@parvis.example', '@dora@three.example']);
  const create = await read((await ask(`/posts/${post.id}/activity`)).json);
  expect(create).toBeInstanceOf(Create);
  await editPost(ctx, alice.id, post.id, { text: 'Edited' });
  expect((await ask(`/posts/${post.id}`)).json).toMatchObject({
    content: '<p>Edited</p>',
    updated: '2026-01-15T12:00:00.000Z',
  });
  const shown = await reblog(ctx, bob.id, post.id);
  expect((await ask(`/posts/${shown.id}/activity`)).json).toMatchObject({
    type: 'Announce',
    id: shown.uri,
    object: post.uri,
  });
  expect((await ask(`/posts/${shown.id}`)).status).toBe(404);
});

test('A85: what was public leaves a tombstone: 410 for posts and actors', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const post = await buildPost(ctx, alice);
  expect((await ask(`/posts/${post.id}`)).status).toBe(200);
  await deletePost(ctx, alice.id, post.id);
  const gone = await ask(`/posts/${post.id}`);
  expect(gone.status).toBe(410);
  expect(gone.json).toMatchObject({ type: 'Tombstone', id: post.uri });
  expect((await ask(`/posts/${post.id}/activity`)).status).toBe(404);
  const another = await buildPost(ctx, alice);
  expect((await ask(`/posts/${another.id}`)).status).toBe(200);
  await deleteAccount(ctx, alice.id);
  for (const path of [`/users/${alice.id}`, '/@alice', `/posts/${another.id}`]) {
    const answer = await ask(path);
    expect(answer.status, path).toBe(410);
    expect(answer.json['type'], path).toBe('Tombstone');
  }
  expect((await ask(`/users/${alice.id}/outbox`)).status).toBe(404);
  expect((await ask('/.well-known/webfinger?resource=acct:alice@parvis.example')).status).toBe(410);
});

test('A43: absent, restricted and deleted restricted posts look the same to whoever may not see them', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const stranger = await buildAsker(app, 'eve@evil.example');
  const restricted = await buildPost(ctx, alice, { visibility: 'followers' });
  const direct = await buildPost(ctx, alice, { visibility: 'direct', text: 'To myself' });
  const deleted = await buildPost(ctx, alice, { visibility: 'followers' });
  await deletePost(ctx, alice.id, deleted.id);
  const blockedBy = await buildPost(ctx, alice);
  await block(ctx, alice.id, stranger.account.id);
  const strip = (headers: Record<string, unknown>) => ({ ...headers, date: undefined });
  const shapes = new Set<string>();
  const paths = [restricted.id, direct.id, deleted.id, 1].flatMap((id) => [
    `/posts/${id}`,
    `/posts/${id}/activity`,
    `/@alice/${id}`,
  ]);
  for (const path of paths) {
    for (const headers of [{ accept: ACTIVITY }, await stranger.headersFor(path)]) {
      const answer = await ask(path, headers);
      shapes.add(JSON.stringify([answer.status, strip(answer.headers), answer.text]));
    }
  }
  const path = `/posts/${blockedBy.id}`;
  const answer = await ask(path, await stranger.headersFor(path));
  shapes.add(JSON.stringify([answer.status, strip(answer.headers), answer.text]));
  expect([...shapes]).toHaveLength(1);
  expect([...shapes][0]).toMatch(/^\[404/);
});

test('a restricted post is served to a signed request of whoever may see it, and kept for nobody', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const follower = await buildAsker(app, 'fred@one.example');
  await follow(ctx, follower.account.id, alice.id, `${follower.account.uri}/follows/1`);
  const post = await buildPost(ctx, alice, { visibility: 'followers' });
  const path = `/posts/${post.id}`;
  const answer = await ask(path, await follower.headersFor(path));
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('private, no-store');
  expect((await ask(path)).status).toBe(404);
  // Somebody else's key under the follower's name proves nothing.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const forged = signerOf(app, `${follower.account.uri}#main-key`, privateKey);
  expect((await ask(path, await forged(path))).status).toBe(404);
  // A signature is good for one path.
  expect((await ask(path, await follower.headersFor('/posts/1'))).status).toBe(404);
  const outbox = `/users/${alice.id}/outbox?cursor=first`;
  expect((await ask(outbox, await follower.headersFor(outbox))).json['orderedItems']).toHaveLength(1);
  expect((await ask(outbox)).json['orderedItems']).toEqual([]);
  expect((await ask(outbox, await follower.headersFor(outbox))).headers['cache-control']).toBe('private, no-store');
});

test('A43: what is not theirs to see looks absent also to whoever has used up what may be rendered', async () => {
  const app = await createTestApp({ config: { rateLimits: true } });
  await using _ = app;
  const ask = await openDoor(app);
  const alice = await buildUser(app.ctx, 'alice');
  const stranger = await buildAsker(app, 'sam@one.example');
  const restricted = await buildPost(app.ctx, alice, { visibility: 'followers' });
  const posts = [];
  for (let n = 0; n < 80; n++) posts.push(await buildPost(app.ctx, alice, { text: `${n}` }));
  const statuses = [];
  for (const post of posts) statuses.push((await ask(`/posts/${post.id}`)).status);
  expect(statuses).toContain(429);
  for (const path of [`/posts/${restricted.id}`, `/posts/${restricted.id}/activity`, '/posts/1', '/posts/1/activity']) {
    expect((await ask(path, await stranger.headersFor(path))).status, path).toBe(404);
    expect((await ask(path)).status, path).toBe(404);
  }
});

test('A34: whoever is blocked finds no collection, whatever was kept for others', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const mallory = await buildAsker(app, 'mallory@evil.example');
  const friend = await buildAsker(app, 'fred@one.example');
  const post = await buildPost(ctx, alice);
  await pin(ctx, alice.id, post.id);
  await block(ctx, alice.id, mallory.account.id);
  const paths = ['outbox', 'outbox?cursor=first', 'featured', 'followers', 'following', 'liked'].map(
    (name) => `/users/${alice.id}/${name}`,
  );
  for (const path of [...paths, `/posts/${post.id}`]) {
    expect((await ask(path)).status, path).toBe(200);
    expect((await ask(path, await mallory.headersFor(path))).status, path).toBe(404);
    expect((await ask(path, await friend.headersFor(path))).status, path).toBe(200);
    // A mere claim is refused nothing: else anybody could ask in her name whether she is blocked.
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const unknown = signerOf(app, `${mallory.account.uri}#key-2`, privateKey);
    expect((await ask(path, await unknown(path))).status, path).toBe(200);
    const invented = signerOf(app, `${mallory.account.uri}#main-key`, privateKey);
    expect((await ask(path, await invented(path))).status, path).toBe(200);
  }
  await inTransaction(ctx, async (tx) => {
    await tx.db.run("INSERT INTO domain_block (host, created_at) VALUES ('example', 0)");
  });
  await ctx.blockedHosts.refresh();
  const path = `/posts/${post.id}`;
  expect((await ask(path, await friend.headersFor(path))).status).toBe(404);
});

test('collections count and page', async () => {
  const { app, ctx, ask, alice, read } = await createWorld();
  await using _ = app;
  const bob = await buildUser(ctx, 'bob');
  await buildRemoteFollower(ctx, 'ben@one.example', alice);
  await follow(ctx, bob.id, alice.id);
  const posts = [];
  for (let n = 0; n < 22; n++) posts.push(await buildPost(ctx, alice, { text: `Post ${n}` }));
  await buildPost(ctx, alice, { visibility: 'followers' });
  await reblog(ctx, alice.id, posts[0]!.id);
  await favourite(ctx, alice.id, posts[0]!.id);
  await pin(ctx, alice.id, posts[3]!.id);

  const outbox = await ask(`/users/${alice.id}/outbox`);
  expect(outbox.json).toMatchObject({ type: 'OrderedCollection', id: `${alice.uri}/outbox`, totalItems: 24 });
  expect(outbox.json).not.toHaveProperty('orderedItems');
  const firstUrl = new URL(String(outbox.json['first']));
  const first = await ask(firstUrl.pathname + firstUrl.search);
  const items = first.json['orderedItems'] as Record<string, unknown>[];
  expect(items).toHaveLength(20);
  expect(items[0]).toMatchObject({ type: 'Announce', object: posts[0]!.uri });
  expect(items[1]).toMatchObject({ type: 'Create', object: { type: 'Note', content: '<p>Post 21</p>' } });
  const next = new URL(String(first.json['next']));
  const second = async () =>
    (await ask(next.pathname + next.search)).json['orderedItems'] as { object: { content: string } }[];
  expect(await second()).toHaveLength(3);
  await editPost(ctx, alice.id, posts[0]!.id, { text: 'The first' });
  expect((await second()).at(-1)?.object.content).toBe('<p>The first</p>');
  await editPost(ctx, alice.id, posts[21]!.id, { text: 'Changed' });
  expect((await ask(firstUrl.pathname + firstUrl.search)).text).toContain('Changed');
  expect(await read(outbox.json)).toBeInstanceOf(OrderedCollection);

  expect((await ask(`/users/${alice.id}/featured`)).json).toMatchObject({ orderedItems: [posts[3]!.uri] });
  const liked = (await ask(`/users/${alice.id}/liked`)).json;
  expect(liked).toMatchObject({ totalItems: 1 });
  expect(liked).not.toHaveProperty('orderedItems');
  expect((await ask(`/users/${alice.id}/followers`)).json).toMatchObject({ totalItems: 2 });
  const followers = await ask(`/users/${alice.id}/followers?cursor=first`);
  expect(followers.json['orderedItems']).toEqual([bob.uri, 'https://one.example/users/ben']);
  expect((await ask(`/users/${bob.id}/following?cursor=first`)).json['orderedItems']).toEqual([alice.uri]);
  await updateProfile(ctx, alice.id, { hidesNetwork: true });
  const hidden = await ask(`/users/${alice.id}/followers`);
  expect(hidden.json).toMatchObject({ totalItems: 2 });
  expect(hidden.json['first']).toBeUndefined();
  expect(hidden.json).not.toHaveProperty('orderedItems');
  expect((await ask(`/users/${alice.id}/followers?cursor=first`)).status).toBe(404);
  expect((await ask('/users/12345/outbox')).status).toBe(404);
  expect((await ask(`/users/${alice.id}/outbox?cursor=x`)).status).toBe(404);
});

test('likes and follows are found under their ids by whom they concern, and by all where nothing is hidden', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const bob = await buildUser(ctx, 'bob');
  const target = await buildAsker(app, 'dora@three.example');
  const open = await buildPost(ctx, bob);
  await favourite(ctx, alice.id, open.id);
  await follow(ctx, alice.id, target.account.id);
  const like = await findFavourite(ctx.db, alice.id, open.id);
  const asked = await findFollow(ctx.db, alice.id, target.account.id);
  expect((await ask(new URL(like!.uri).pathname)).json).toMatchObject({
    type: 'Like',
    id: like!.uri,
    actor: alice.uri,
    object: open.uri,
  });
  const path = new URL(asked!.uri).pathname;
  expect((await ask(path)).status).toBe(404);
  expect((await ask(path, await target.headersFor(path))).json).toMatchObject({ type: 'Follow', id: asked!.uri });
  expect((await ask('/activities/1')).status).toBe(404);
});

test('the server’s own actor is there for everybody, unsigned', async () => {
  const { app, ctx, ask } = await createWorld();
  await using _ = app;
  const instance = await findAccountByHandle(ctx.db, INSTANCE_ACTOR, '');
  expect((await ask(new URL(instance!.uri).pathname)).json).toMatchObject({
    type: 'Application',
    preferredUsername: 'instance',
  });
});

test('A83: another Host is refused, and no header but ours decides what URLs say', async () => {
  const { app, ask, alice } = await createWorld();
  await using _ = app;
  for (const path of [
    `/users/${alice.id}`,
    '/.well-known/webfinger?resource=acct:alice@parvis.example',
    '/nodeinfo/2.1',
  ]) {
    expect((await ask(path, { accept: ACTIVITY, host: 'evil.example' })).status, path).toBe(421);
    const spoofed = await ask(path, {
      accept: ACTIVITY,
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    });
    expect(spoofed.status, path).toBe(200);
    expect(spoofed.text, path).not.toContain('evil.example');
  }
});

test('A44: nothing that is served carries bto or bcc', async () => {
  const { app, ctx, ask, alice } = await createWorld();
  await using _ = app;
  const post = await buildPost(ctx, alice);
  for (const path of [`/posts/${post.id}`, `/posts/${post.id}/activity`, `/users/${alice.id}/outbox?cursor=first`]) {
    expect((await ask(path)).text).not.toMatch(/"b(to|cc)"/);
  }
});

test('A20: contexts are never fetched, and unknown ones mean nothing', async () => {
  const json = {
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://evil.example/context'],
    id: 'https://remote.example/notes/1',
    type: 'Note',
    content: 'Hello',
    secret: 'https://evil.example/',
  };
  const loaded = await contextLoader('https://evil.example/context');
  expect(loaded.document).toEqual({ '@context': {} });
  const note = await VocabObject.fromJsonLd(json, {
    contextLoader,
    documentLoader: () => Promise.reject(new Error('fetched')),
  });
  expect(String((note as Note).content)).toBe('Hello');
});

test('A05: Fedify, as it is set up here, refuses a key document of its own that names somebody else as owner', async () => {
  await using app = await createTestApp();
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyId = 'https://evil.example/key';
  const victim = 'https://victim.example/users/bob';
  app.remote.serveActivity({
    '@context': 'https://w3id.org/security/v1',
    id: keyId,
    type: 'CryptographicKey',
    owner: victim,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  });
  app.remote.serveActivity({
    '@context': 'https://www.w3.org/ns/activitystreams',
    id: victim,
    type: 'Person',
    inbox: `${victim}/inbox`,
    preferredUsername: 'bob',
  });
  const activity = {
    '@context': 'https://www.w3.org/ns/activitystreams',
    id: 'https://victim.example/likes/1',
    type: 'Like',
    actor: victim,
    object: `${ORIGIN}/posts/1`,
  };
  const request = new Request(`${ORIGIN}/inbox`, {
    method: 'POST',
    headers: { 'content-type': ACTIVITY, host: 'parvis.example' },
    body: JSON.stringify(activity),
  });
  const key = privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign']);
  const signed = await signRequest(request, key, new URL(keyId));
  const federation = createServerFederation({ ...app.ctx, now: Date.now });
  const response = await federation.fetch(signed, { contextData: { ctx: app.ctx, viewer: undefined } });
  expect(response.status).toBe(401);
  expect(await app.ctx.db.all('SELECT activity FROM received')).toEqual([]);
});
