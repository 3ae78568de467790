import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { findAccount, findAccountByUri } from '#domain/accounts/account-store.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { listEdits } from '#domain/posts/edit-store.ts';
import { findFavourite } from '#domain/posts/favourite-store.ts';
import { listNotifications } from '#domain/notifications/notification-store.ts';
import { listMentionedIds } from '#domain/posts/mention-store.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import { findPost, findPostByUri, findReblog } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { follow } from '#domain/relationships/follow.ts';
import { block } from '#domain/relationships/block.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { listConversations } from '#domain/posts/conversation-store.ts';
import { homeTimeline } from '#domain/timelines/home.ts';
import { listPinned } from '#domain/timelines/timeline-store.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { dialects } from '../support/postgres.ts';
import { PUBLIC, type RemoteActor, send, signDelivery } from '../support/remote-actor.ts';
import { buildPost, buildUser } from '../support/world.ts';

describe.each(dialects)('%s', (dialect) => {
  let world: InboxWorld;
  let alice: Account;
  let bob: RemoteActor;
  let bobAccount: Account;
  let mallory: RemoteActor;
  let hosts = 0;

  beforeAll(async () => {
    world = await createInboxWorld({ dialect });
    alice = await buildUser(world.app.ctx, 'alice');
    bob = world.actor('bob@victim.example');
    mallory = world.actor('mallory@evil.example');
    bobAccount = await world.befriend(alice, bob);
    await world.accountOf(mallory);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const db = () => world.app.ctx.db;
  const postOf = async (note: { id: string }): Promise<Post | undefined> => findPostByUri(db(), note.id);
  const stranger = (name = 'eve'): RemoteActor => world.actor(`${name}@peer${++hosts}.example`);
  const idOf = async (actor: RemoteActor) => (await findAccountByUri(db(), actor.uri))!.id;
  const mention = (account: Account) => ({ type: 'Mention', href: account.uri, name: `@${account.username}` });

  /** Somebody of another server, who is followed here, and so may pass on what others say. */
  async function forwarder(): Promise<RemoteActor> {
    const dave = stranger('dave');
    await world.befriend(alice, dave);
    // Until it has got about which hosts we have to do with.
    world.app.clock.advance(61_000);
    return dave;
  }

  /** A post by bob that has arrived. */
  async function arrived(fields: Record<string, unknown> = {}): Promise<Post> {
    const note = bob.note(fields);
    await world.deliver(bob, bob.activity('Create', note));
    return (await postOf(note))!;
  }

  describe('Create', () => {
    test('a post of somebody followed arrives at home, with all it carries', async () => {
      const note = bob.note({
        content:
          '<p>Hallo <a href="https://x.example/tags/Welt" class="mention hashtag">#<span>Welt</span></a> :blob: <script>alert(1)</script></p>',
        contentMap: { de: '<p>other</p>' },
        summary: 'Politik',
        sensitive: true,
        tag: [
          { type: 'Hashtag', name: '#Welt', href: 'https://x.example/tags/Welt' },
          { type: 'Emoji', name: ':blob:', icon: { type: 'Image', url: 'https://x.example/blob.png' } },
          mention(alice),
        ],
        attachment: [
          {
            type: 'Document',
            mediaType: 'image/png',
            url: 'https://x.example/a.png',
            name: 'ein Bild',
            width: 10,
            height: 20,
          },
        ],
      });
      await world.deliver(bob, bob.activity('Create', note));
      const post = (await postOf(note))!;
      expect(post).toMatchObject({
        summary: 'Politik',
        sensitive: true,
        language: 'de',
        emojis: [{ shortcode: 'blob', url: 'https://x.example/blob.png' }],
        attachments: [
          { url: 'https://x.example/a.png', mediaType: 'image/png', description: 'ein Bild', width: 10, height: 20 },
        ],
        publishedAt: Date.UTC(2026, 0, 15, 11),
      });
      expect(post.html).not.toContain('script');
      const [first] = await homeTimeline(world.app.ctx, alice.id, { limit: 1 });
      expect(first).toMatchObject({
        post: { id: post.id },
        mentions: [{ id: alice.id }],
        hashtags: [{ display: 'Welt' }],
      });
      expect(await listNotifications(db(), alice.id, { limit: 5 })).toContainEqual(
        expect.objectContaining({ kind: 'mention', postId: post.id }),
      );
    });

    test('a post of somebody nobody follows is kept only if it concerns somebody here', async () => {
      const eve = stranger();
      const noise = eve.note();
      expect(await world.deliver(eve, eve.activity('Create', noise))).toBe(202);
      expect(await postOf(noise)).toBeUndefined();
      const hello = eve.note({ tag: [mention(alice)], cc: [alice.uri] });
      await world.deliver(eve, eve.activity('Create', hello));
      expect(await postOf(hello)).toBeDefined();
      const own = await buildPost(world.app.ctx, alice);
      const answer = eve.note({ inReplyTo: own.uri });
      await world.deliver(eve, eve.activity('Create', answer));
      expect(await postOf(answer)).toMatchObject({ inReplyToId: own.id, threadId: own.threadId });
    });

    test('the same post twice is one', async () => {
      const note = bob.note();
      await world.deliver(bob, bob.activity('Create', note));
      await world.deliver(bob, bob.activity('Create', note));
      const counted = await db().get('SELECT count(*) AS n FROM post WHERE uri = ?', [note.id]);
      expect(counted).toEqual({ n: 1 });
    });

    test('what a post answers is fetched first, and a failure does not keep the post away', async () => {
      const carol = stranger('carol');
      const parent = carol.note();
      world.app.remote.serveActivity(parent);
      const answer = bob.note({ inReplyTo: parent.id });
      await world.deliver(bob, bob.activity('Create', answer));
      expect(await postOf(answer)).toMatchObject({ inReplyToId: (await postOf(parent))!.id });
      const orphan = bob.note({ inReplyTo: 'https://down.example/notes/1' });
      await world.deliver(bob, bob.activity('Create', orphan));
      expect(await postOf(orphan)).toMatchObject({
        inReplyToUri: 'https://down.example/notes/1',
        inReplyToId: undefined,
      });
    });

    test('an answer deleted before what it answers came is not counted there', async () => {
      const carol = stranger('carol');
      const parent = carol.note();
      const answers = [bob.note({ inReplyTo: parent.id }), bob.note({ inReplyTo: parent.id })];
      for (const answer of answers) await world.deliver(bob, bob.activity('Create', answer));
      await world.deliver(bob, bob.activity('Delete', answers[0]!.id));
      await world.befriend(alice, carol);
      await world.deliver(carol, carol.activity('Create', parent));
      expect(await postOf(parent)).toMatchObject({ repliesCount: 1 });
      expect(await postOf(answers[0]!)).toMatchObject({ inReplyToId: (await postOf(parent))!.id });
    });

    test('direct messages that came before what they answer become one conversation, as of the newest', async () => {
      const carol = stranger('carol');
      await world.befriend(alice, carol);
      const restricted = { to: [alice.uri], cc: [], tag: [mention(alice)] };
      const parent = carol.note({ ...restricted, published: '2026-01-15T10:00:00Z' });
      const answers = ['10:02', '10:01'].map((time) =>
        carol.note({ ...restricted, published: `2026-01-15T${time}:00Z`, inReplyTo: parent.id }),
      );
      for (const note of [...answers, parent]) await world.deliver(carol, carol.activity('Create', note));
      const first = (await postOf(parent))!;
      const newest = (await postOf(answers[0]!))!;
      expect(newest.threadId).toBe(first.id);
      const mine = (await listConversations(db(), alice.id, 50)).filter((row) => row.conversationId === first.id);
      expect(mine).toEqual([{ conversationId: first.id, lastPostId: newest.id, unread: true }]);
    });

    test('a direct message reaches those it is addressed to and nobody else', async () => {
      const dave = await buildUser(world.app.ctx, `dave${dialect}`.slice(0, 20));
      const note = bob.note({ to: [alice.uri], cc: [], tag: [mention(alice), mention(dave)] });
      await world.deliver(bob, bob.activity('Create', note));
      const post = (await postOf(note))!;
      expect(post.visibility).toBe('direct');
      expect(await listMentionedIds(db(), post.id)).toEqual([alice.id]);
      expect(await canSee(db(), alice.id, post)).toBe(true);
      expect(await canSee(db(), dave.id, post)).toBe(false);
      expect(await canSee(db(), undefined, post)).toBe(false);
    });

    test('A85: a direct message to a deleted account is kept nowhere', async () => {
      const gone = await buildUser(world.app.ctx, `gone${dialect}`.slice(0, 20));
      await deleteAccount(world.app.ctx, gone.id);
      await world.app.drain();
      const eve = stranger();
      const note = eve.note({ to: [gone.uri], cc: [], tag: [mention(gone)] });
      await world.deliver(eve, eve.activity('Create', note));
      expect(await postOf(note)).toBeUndefined();
      await expect(buildUser(world.app.ctx, gone.username, { email: 'new@mail.example' })).rejects.toMatchObject({
        name: 'Conflict',
      });
    });

    test('A25: a post by another, or of another origin, is refused', async () => {
      await world.befriend(alice, mallory);
      const cases = [
        bob.note(),
        mallory.note({ attributedTo: bob.uri }),
        mallory.note({ id: `${bob.uri}/notes/stolen` }),
        bob.note({ attributedTo: mallory.uri }),
      ];
      for (const note of cases) {
        await world.deliver(mallory, mallory.activity('Create', note));
        expect(await postOf(note)).toBeUndefined();
      }
    });

    test('N09: dates are clamped, and thousands of one second are all kept in their order', async () => {
      const early = await arrived({ published: '1969-01-01T00:00:00Z' });
      expect(early.publishedAt).toBe(Date.UTC(2001, 0, 1));
      for (const published of ['2099-01-01T00:00:00Z', '292278994-01-01T00:00:00Z', 'yesterday', 12345, undefined]) {
        expect((await arrived({ published })).publishedAt).toBe(world.app.ctx.now());
      }
      const uris: string[] = [];
      for (let n = 0; n < 2_000; n++) {
        const note = bob.note({ published: '2026-01-10T00:00:00Z' });
        uris.push(note['id']);
        await send(world.port, signDelivery(world.app, bob, bob.activity('Create', note)));
      }
      await world.app.drain();
      const rows = await db().all<{ id: number; uri: string }>(
        'SELECT id, uri FROM post WHERE published_at = ? ORDER BY id',
        [Date.UTC(2026, 0, 10)],
      );
      expect(rows.map((row) => row.uri)).toEqual(uris);
    });

    test('A37: votes and answers to polls of others are no posts', async () => {
      const own = await buildPost(world.app.ctx, alice);
      const vote = bob.note({ name: 'Ja', content: undefined, inReplyTo: own.uri, to: [alice.uri] });
      await world.deliver(bob, bob.activity('Create', vote));
      expect(await postOf(vote)).toBeUndefined();
    });
  });

  describe('Update', () => {
    test('an edit replaces the text and keeps the former one', async () => {
      const post = await arrived();
      world.app.clock.advance(60_000);
      const updated = new Date(world.app.ctx.now()).toISOString();
      await world.deliver(bob, bob.activity('Update', bob.note({ id: post.uri, content: '<p>Neu</p>', updated })));
      expect(await findPost(db(), post.id)).toMatchObject({ html: '<p>Neu</p>', editedAt: world.app.ctx.now() });
      expect(await listEdits(db(), post.id)).toMatchObject([{ html: '<p>Guten Tag</p>' }]);
    });

    test('A88: an edit older than what is here is ignored', async () => {
      const post = await arrived();
      const edit = (content: string, updated: string) =>
        world.deliver(bob, bob.activity('Update', bob.note({ id: post.uri, content, updated })));
      await edit('<p>second</p>', '2026-01-15T11:30:00Z');
      await edit('<p>first</p>', '2026-01-15T11:20:00Z');
      expect(await findPost(db(), post.id)).toMatchObject({ html: '<p>second</p>' });
    });

    test('A23: an Update of somebody else’s post is ignored, seen or not', async () => {
      const post = await arrived();
      for (const id of [post.uri, `${bob.uri}/notes/unseen`]) {
        await world.deliver(
          mallory,
          mallory.activity('Update', { ...bob.note({ id }), content: 'stolen', updated: '2026-01-15T11:59:00Z' }),
        );
        await world.deliver(
          mallory,
          mallory.activity('Update', mallory.note({ id, content: 'stolen', updated: '2026-01-15T11:59:00Z' })),
        );
      }
      expect(await findPost(db(), post.id)).toMatchObject({ html: '<p>Guten Tag</p>', editedAt: undefined });
      expect(await postOf({ id: `${bob.uri}/notes/unseen` })).toBeUndefined();
    });

    test('an Update that overtook its Create brings the post', async () => {
      const note = bob.note({ content: '<p>edited</p>', updated: '2026-01-15T11:30:00Z' });
      await world.deliver(bob, bob.activity('Update', note));
      await world.deliver(bob, bob.activity('Create', { ...note, content: '<p>first</p>', updated: undefined }));
      expect(await postOf(note)).toMatchObject({ html: '<p>edited</p>' });
    });

    test('a profile is renewed by its owner only', async () => {
      const eve = stranger();
      await world.befriend(alice, eve);
      await world.deliver(
        eve,
        eve.activity('Update', { ...eve.document, name: 'Eva', icon: { url: 'https://x.example/e.png' } }),
      );
      expect(await findAccountByUri(db(), eve.uri)).toMatchObject({
        displayName: 'Eva',
        avatarUrl: 'https://x.example/e.png',
      });
      await world.deliver(mallory, mallory.activity('Update', { ...eve.document, name: 'Evil' }));
      expect(await findAccountByUri(db(), eve.uri)).toMatchObject({ displayName: 'Eva' });
    });
  });

  describe('Delete', () => {
    test('a deleted post leaves a tombstone without contents', async () => {
      const post = await arrived();
      await world.deliver(bob, bob.activity('Delete', { id: post.uri, type: 'Tombstone' }));
      expect(await findPost(db(), post.id)).toMatchObject({ html: '', deletedAt: world.app.ctx.now() });
    });

    test('A22: nobody deletes another’s post', async () => {
      const post = await arrived();
      await world.deliver(mallory, mallory.activity('Delete', post.uri));
      const colleague = world.actor('colleague@victim.example');
      await world.deliver(colleague, colleague.activity('Delete', post.uri));
      expect(await findPost(db(), post.id)).toMatchObject({ deletedAt: undefined });
    });

    test('A88: a Delete before its Create wins', async () => {
      const note = bob.note();
      await world.deliver(bob, bob.activity('Delete', note.id));
      await world.deliver(bob, bob.activity('Create', note));
      expect(await postOf(note)).toBeUndefined();
    });

    test('A88: a Delete of what is not theirs does not keep it away', async () => {
      const note = bob.note();
      const colleague = world.actor('colleague@victim.example');
      await world.deliver(colleague, colleague.activity('Delete', note.id));
      await world.deliver(mallory, mallory.activity('Delete', note.id));
      await world.deliver(bob, bob.activity('Create', note));
      expect(await postOf(note)).toBeDefined();
    });

    test('A26: a forwarded Delete counts if the origin confirms it', async () => {
      const dave = await forwarder();
      const [kept, gone, buried] = [await arrived(), await arrived(), await arrived()];
      // A server that shows a post to followers only answers 404 to everybody else.
      const hidden = await arrived({ to: [bob.followers], cc: [] });
      world.app.remote.serve(hidden.uri, { status: 404 });
      world.app.remote.serveActivity(bob.note({ id: kept.uri }));
      world.app.remote.serve(gone.uri, { status: 410 });
      world.app.remote.serveActivity({ id: buried.uri, type: 'Tombstone' });
      for (const post of [kept, gone, buried, hidden]) {
        expect(await world.deliver(dave, bob.activity('Delete', post.uri))).toBe(202);
      }
      expect((await findPost(db(), kept.id))!.deletedAt).toBeUndefined();
      expect((await findPost(db(), hidden.id))!.deletedAt).toBeUndefined();
      expect((await findPost(db(), gone.id))!.deletedAt).toBeDefined();
      expect((await findPost(db(), buried.id))!.deletedAt).toBeDefined();
      const before = await world.traces();
      expect(await world.deliver(dave, bob.activity('Delete', `${bob.uri}/notes/unknown`))).toBe(202);
      expect(await world.traces()).toEqual(before);
    });

    test('an account that deletes itself disappears with its posts', async () => {
      const eve = stranger();
      await world.befriend(alice, eve);
      const note = eve.note();
      await world.deliver(eve, eve.activity('Create', note));
      await world.deliver(eve, eve.activity('Delete', eve.uri));
      expect(await findAccountByUri(db(), eve.uri)).toMatchObject({ deletedAt: world.app.ctx.now() });
      expect((await postOf(note))!.deletedAt).toBeDefined();
      expect(await world.deliver(eve, eve.activity('Create', eve.note()))).toBe(202);
      expect(await homeTimeline(world.app.ctx, alice.id, { limit: 50 })).not.toContainEqual(
        expect.objectContaining({ account: { uri: eve.uri } }),
      );
    });

    test('an answer forwarded into a thread is fetched from its author’s server', async () => {
      const dave = await forwarder();
      const own = await buildPost(world.app.ctx, alice);
      const carol = stranger('carol');
      const answer = carol.note({ inReplyTo: own.uri });
      const forged = carol.note({ inReplyTo: own.uri });
      world.app.remote.serveActivity(answer);
      const changed = { ...answer, content: 'changed on the way' };
      expect(await world.deliver(dave, carol.activity('Create', changed))).toBe(202);
      expect(await world.deliver(dave, carol.activity('Create', forged))).toBe(202);
      expect(await postOf(answer)).toMatchObject({ html: '<p>Guten Tag</p>', inReplyToId: own.id });
      expect(await postOf(forged)).toBeUndefined();
    });
  });

  describe('Follow', () => {
    test('a follow of an open account is accepted, of a locked one asked', async () => {
      const eve = stranger();
      await world.deliver(eve, eve.activity('Follow', alice.uri));
      expect(await findFollow(db(), await idOf(eve), alice.id)).toMatchObject({ accepted: true });
      const lena = await buildUser(world.app.ctx, `lena${dialect}`.slice(0, 20));
      await updateProfile(world.app.ctx, lena.id, { locked: true });
      await world.deliver(eve, eve.activity('Follow', lena.uri));
      expect(await findFollow(db(), await idOf(eve), lena.id)).toMatchObject({ accepted: false });
    });

    test('A88: an Undo before its Follow leaves no follow', async () => {
      const eve = stranger();
      const following = eve.activity('Follow', alice.uri);
      await world.deliver(eve, eve.activity('Undo', following));
      await world.deliver(eve, following);
      expect(await findFollow(db(), await idOf(eve), alice.id)).toBeUndefined();
    });

    test('an Undo of a former Follow leaves the present one', async () => {
      const eve = stranger();
      const [first, second] = [eve.activity('Follow', alice.uri), eve.activity('Follow', alice.uri)];
      await world.deliver(eve, first);
      await world.deliver(eve, second);
      await world.deliver(eve, eve.activity('Undo', first));
      expect(await findFollow(db(), await idOf(eve), alice.id)).toMatchObject({ uri: second.id });
      await world.deliver(eve, eve.activity('Undo', { type: 'Follow', actor: eve.uri, object: alice.uri }));
      expect(await findFollow(db(), await idOf(eve), alice.id)).toBeUndefined();
    });

    test('A28: Accepts of what was never asked, or by others, make no follow', async () => {
      const eve = stranger();
      const eveAccount = await world.accountOf(eve);
      const invented = { id: 'https://parvis.example/activities/1', type: 'Follow', actor: alice.uri, object: eve.uri };
      await world.deliver(eve, eve.activity('Accept', invented));
      expect(await findFollow(db(), alice.id, eveAccount.id)).toBeUndefined();
      await follow(world.app.ctx, alice.id, eveAccount.id);
      const asked = (await findFollow(db(), alice.id, eveAccount.id))!;
      await world.deliver(mallory, mallory.activity('Accept', asked.uri));
      await world.deliver(mallory, mallory.activity('Accept', { ...invented, id: asked.uri }));
      await world.deliver(mallory, mallory.activity('Reject', asked.uri));
      expect(await findFollow(db(), alice.id, eveAccount.id)).toMatchObject({ accepted: false });
      await world.deliver(
        eve,
        eve.activity('Accept', { type: 'Follow', actor: alice.uri, object: eve.uri, id: `${eve.uri}/own-id` }),
      );
      expect(await findFollow(db(), alice.id, eveAccount.id)).toMatchObject({ accepted: true });
      await world.deliver(eve, eve.activity('Reject', asked.uri));
      expect(await findFollow(db(), alice.id, eveAccount.id)).toBeUndefined();
    });

    test('A29: until a locked account accepts, nothing of its followers’ posts is seen', async () => {
      const lock = stranger('lock');
      const account = await world.accountOf(lock);
      await follow(world.app.ctx, alice.id, account.id);
      const note = lock.note({ to: [lock.followers], cc: [alice.uri], tag: [mention(alice)] });
      await world.deliver(lock, lock.activity('Create', note));
      const hidden = lock.note({ to: [lock.followers], cc: [] });
      await world.deliver(lock, lock.activity('Create', hidden));
      expect(await findFollow(db(), alice.id, account.id)).toMatchObject({ accepted: false });
      expect(await postOf(hidden)).toBeUndefined();
      const other = await buildUser(world.app.ctx, `other${dialect}`.slice(0, 20));
      expect(await canSee(db(), other.id, (await postOf(note))!)).toBe(false);
    });

    test('A31: a Collection-Synchronization header removes nobody', async () => {
      const before = await db().get('SELECT count(*) AS n FROM follow');
      const header = 'collectionId="https://evil.example/followers", url="https://evil.example/sync", digest="00"';
      await world.deliver(bob, bob.activity('Like', alice.uri), { headers: { 'collection-synchronization': header } });
      expect(await db().get('SELECT count(*) AS n FROM follow')).toEqual(before);
      expect(world.app.remote.requests.some(({ url }) => url.includes('/sync'))).toBe(false);
    });
  });

  describe('Like, Announce, Block, Add', () => {
    test('a Like and its Undo', async () => {
      const post = await buildPost(world.app.ctx, alice);
      const like = bob.activity('Like', post.uri);
      await world.deliver(bob, like);
      expect(await findFavourite(db(), bobAccount.id, post.id)).toBeDefined();
      expect(await findPost(db(), post.id)).toMatchObject({ favouritesCount: 1 });
      await world.deliver(mallory, mallory.activity('Undo', like));
      expect(await findFavourite(db(), bobAccount.id, post.id)).toBeDefined();
      await world.deliver(bob, bob.activity('Undo', like.id));
      expect(await findFavourite(db(), bobAccount.id, post.id)).toBeUndefined();
      await world.deliver(bob, { ...like, id: like.id });
      expect(await findPost(db(), post.id)).toMatchObject({ favouritesCount: 0 });
    });

    test('nobody likes or shows on what they may not see', async () => {
      const secret = await buildPost(world.app.ctx, alice, { visibility: 'direct' });
      await world.deliver(mallory, mallory.activity('Like', secret.uri));
      await world.deliver(mallory, mallory.activity('Announce', secret.uri, { to: [PUBLIC] }));
      expect(await findPost(db(), secret.id)).toMatchObject({ favouritesCount: 0, reblogsCount: 0 });
    });

    test('an Announce of an unknown post fetches it, and arrives at home', async () => {
      const carol = stranger('carol');
      const note = carol.note();
      world.app.remote.serveActivity(note);
      const announce = bob.activity('Announce', note.id, { to: [PUBLIC], cc: [bob.followers] });
      await world.deliver(bob, announce);
      const original = (await postOf(note))!;
      const reblog = await findReblog(db(), bobAccount.id, original.id);
      expect(reblog).toMatchObject({ uri: announce.id });
      expect((await homeTimeline(world.app.ctx, alice.id, { limit: 40 })).map(({ post }) => post.id)).toContain(
        reblog!.id,
      );
      await world.deliver(bob, bob.activity('Undo', announce));
      expect(await findReblog(db(), bobAccount.id, original.id)).toBeUndefined();
    });

    test('what a community announces is the post of the Create inside, as its own server shows it', async () => {
      const group = world.actor('books@lemmy.example', { document: { type: 'Group' } });
      await world.befriend(alice, group);
      const carol = stranger('carol');
      const page = carol.note({ type: 'Page', name: 'Ein Buch', content: 'real' });
      world.app.remote.serveActivity(page);
      await world.deliver(
        group,
        group.activity('Announce', carol.activity('Create', { ...page, content: 'forged' }), { to: [PUBLIC] }),
      );
      expect(await postOf(page)).toMatchObject({ kind: 'page', title: 'Ein Buch', html: 'real' });
    });

    test('an Announce by somebody nobody follows fetches nothing', async () => {
      const eve = stranger();
      await world.deliver(eve, eve.activity('Announce', 'https://elsewhere.example/notes/1', { to: [PUBLIC] }));
      expect(world.app.remote.requests.some(({ url }) => url.includes('elsewhere.example'))).toBe(false);
    });

    test('a Block ends both follows, and its Undo ends it', async () => {
      const eve = stranger();
      const account = await world.befriend(alice, eve);
      await world.deliver(eve, eve.activity('Follow', alice.uri));
      const blocking = eve.activity('Block', alice.uri);
      await world.deliver(eve, blocking);
      expect(await findBlock(db(), account.id, alice.id)).toBeDefined();
      expect(await findFollow(db(), alice.id, account.id)).toBeUndefined();
      expect(await findFollow(db(), account.id, alice.id)).toBeUndefined();
      await world.deliver(eve, eve.activity('Undo', blocking));
      expect(await findBlock(db(), account.id, alice.id)).toBeUndefined();
    });

    test('somebody blocked cannot follow, and hears so', async () => {
      const eve = stranger();
      const account = await world.accountOf(eve);
      await block(world.app.ctx, alice.id, account.id);
      await world.deliver(eve, eve.activity('Follow', alice.uri));
      expect(await findFollow(db(), account.id, alice.id)).toBeUndefined();
    });

    test('pins are those of the actor’s own collection and posts, and few', async () => {
      const posts: Post[] = [];
      for (let n = 0; n < 7; n++) posts.push(await arrived());
      const add = (actor: RemoteActor, post: Post, target: string) =>
        world.deliver(actor, actor.activity('Add', post.uri, { target }));
      await add(bob, posts[0]!, `${bob.uri}/other`);
      await add(mallory, posts[0]!, `${bob.uri}/featured`);
      expect(await listPinned(db(), undefined, bobAccount.id)).toEqual([]);
      for (const post of posts) await add(bob, post, `${bob.uri}/featured`);
      expect(await listPinned(db(), undefined, bobAccount.id)).toHaveLength(5);
      await world.deliver(bob, bob.activity('Remove', posts[0]!.uri, { target: `${bob.uri}/featured` }));
      expect(await listPinned(db(), undefined, bobAccount.id)).toHaveLength(4);
    });

    test('A38: a huge report is accepted without any look-up', async () => {
      const objects = Array.from({ length: 10_000 }, (_, n) => `https://x.example/notes/${n}`);
      const before = world.app.remote.requests.length;
      expect(await world.deliver(mallory, mallory.activity('Flag', objects, { content: 'x'.repeat(400_000) }))).toBe(
        202,
      );
      expect(world.app.remote.requests.length).toBe(before);
    });
  });

  test('A88: what arrives together, in any order, ends the same', async () => {
    const eve = stranger();
    await world.befriend(alice, eve);
    const eveId = await idOf(eve);
    const post = await buildPost(world.app.ctx, alice);
    const [deleted, edited] = [eve.note(), eve.note()];
    const [first, second] = [eve.activity('Follow', alice.uri), eve.activity('Follow', alice.uri)];
    const like = eve.activity('Like', post.uri);
    const activities = [
      eve.activity('Create', deleted),
      eve.activity('Delete', deleted.id),
      eve.activity('Create', edited),
      eve.activity('Update', { ...edited, content: 'new', updated: '2026-01-15T11:50:00Z' }),
      eve.activity('Update', { ...edited, content: 'old', updated: '2026-01-15T11:40:00Z' }),
      first,
      eve.activity('Undo', first),
      like,
      eve.activity('Undo', like),
    ];
    // From several beginnings, backwards too.
    const start = hosts % activities.length;
    const order = [...activities.slice(start), ...activities.slice(0, start)];
    await Promise.all(order.toReversed().map((activity) => send(world.port, signDelivery(world.app, eve, activity))));
    // After the others: of two Follows without a date the later to arrive is the newer, so that one that is overtaken looks newer.
    await send(world.port, signDelivery(world.app, eve, second));
    await world.app.drain();
    expect((await postOf(deleted))?.html ?? '').toBe('');
    expect(await postOf(edited)).toMatchObject({ html: 'new' });
    expect(await findFollow(db(), eveId, alice.id)).toMatchObject({ uri: second.id });
    expect(await findFavourite(db(), eveId, post.id)).toBeUndefined();
    expect(await findPost(db(), post.id)).toMatchObject({ favouritesCount: 0 });
  });

  describe('type-confusion', () => {
    test('A89: odd shapes break nothing', async () => {
      const note = bob.note();
      const oddities: unknown[] = [
        { ...bob.activity('Create', { ...note, type: ['Note', 'Person'] }), type: ['Create', 'Like'] },
        { ...bob.activity('Create', note), type: undefined },
        { ...bob.activity('Create', note), type: 5 },
        bob.activity('Create', [note, bob.note()]),
        bob.activity('Create', null),
        bob.activity('Create', { ...note, id: { id: note.id } }),
        bob.activity('Update', { ...bob.document, inbox: [`${bob.uri}/inbox`] }),
        bob.activity('Update', {
          ...bob.document,
          inbox: 5,
          publicKey: 'x',
          endpoints: [],
          icon: [[]],
          attachment: {},
          tag: 7,
        }),
        bob.activity(
          'Create',
          bob.note({
            tag: [[], 5, null, { type: 'Mention' }],
            attachment: 'x',
            published: 5,
            inReplyTo: {},
            to: {},
            cc: 5,
            contentMap: [],
            url: [[]],
          }),
        ),
        bob.activity('Undo', [[]]),
        bob.activity('Delete', { id: [] }),
        bob.activity('Follow', [alice.uri, mallory.uri]),
        bob.activity('Accept', { type: 'Follow' }),
        bob.activity('constructor', note),
        bob.activity('__proto__', note),
      ];
      for (const activity of oddities) expect(await world.deliver(bob, activity)).toBe(202);
      for (const actor of [[bob.uri, mallory.uri], {}, 5, undefined]) {
        expect(await world.deliver(bob, { ...bob.activity('Create', note), actor })).toBe(400);
      }
      expect(await world.deliver(bob, { ...bob.activity('Create', note), id: { id: 'x' } })).toBe(401);
      expect(await db().get('SELECT count(*) AS n FROM dead_job')).toEqual({ n: 0 });
      expect(await db().get('SELECT count(*) AS n FROM job WHERE attempt > 0')).toEqual({ n: 0 });
      expect(await findAccount(db(), bobAccount.id)).toMatchObject({ inbox: `${bob.uri}/inbox` });
      await world.deliver(bob, bob.activity('Create', bob.note({ id: `${bob.uri}/still-here` })));
      expect(await postOf({ id: `${bob.uri}/still-here` })).toBeDefined();
    });

    test('A58 A65: long and many things are cut, broken text is mended', async () => {
      const many = <T>(item: (n: number) => T) => Array.from({ length: 1_500 }, (_, n) => item(n));
      const post = await arrived({
        content: `<p>${'<b>'.repeat(5_000)}x\u0000\uD800 <!-- `,
        summary: 'w'.repeat(50_000),
        contentMap: { 'not a language': 'x', ['x'.repeat(1_000)]: 'y' },
        tag: [
          ...many((n) => ({ type: 'Hashtag', name: `#t${n}` })),
          ...many((n) => ({ type: 'Mention', href: `https://x.example/${n}` })),
        ],
        attachment: many((n) => ({ type: 'Image', url: `https://x.example/${n}.png` })),
      });
      expect(post.summary.length).toBeLessThanOrEqual(2_000);
      expect(post.attachments.length).toBeLessThanOrEqual(16);
      expect(await db().get('SELECT count(*) AS n FROM post_hashtag WHERE post_id = ?', [post.id])).toEqual({ n: 50 });
    });

    test('A70: addresses that are no web pages are dropped', async () => {
      const attachment = ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd'].map((url) => ({
        type: 'Image',
        url,
      }));
      const post = await arrived({
        url: [{ type: 'Link', href: 'javascript:alert(1)' }, 'data:text/html,x'],
        attachment,
      });
      expect(post).toMatchObject({ url: post.uri, attachments: [] });
    });
  });
});
