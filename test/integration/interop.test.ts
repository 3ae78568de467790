import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { findFavourite } from '#domain/posts/favourite-store.ts';
import { listMentionedIds } from '#domain/posts/mention-store.ts';
import { findPost, findPostByUri, findReblog } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { follow, rejectFollow } from '#domain/relationships/follow.ts';
import { onEachDialect } from '../support/databases.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { type Json, PUBLIC, type RemoteActor, send, signDelivery } from '../support/remote-actor.ts';
import { buildPost, buildUser } from '../support/world.ts';

/** Activities in the shapes that other software gives them. */

const HOUR = 3_600_000;

onEachDialect('Activities as others write them', (dialect) => {
  let world: InboxWorld;
  let alice: Account;
  let friend: RemoteActor;
  let hosts = 0;

  beforeAll(async () => {
    world = await createInboxWorld({ dialect });
    alice = await buildUser(world.app.ctx, 'alice');
    friend = world.actor('friend@friend.example');
    await world.befriend(alice, friend);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const db = () => world.app.ctx.db;
  const stranger = (name = 'eve') => world.actor(`${name}@software${++hosts}.example`);
  const postOf = (note: { id: string }): Promise<Post | undefined> => findPostByUri(db(), note.id);
  const idOf = async (actor: RemoteActor) => (await findAccountByUri(db(), actor.uri))!.id;
  const followOf = async (actor: RemoteActor) => findFollow(db(), await idOf(actor), alice.id);
  const later = (milliseconds = 1_000) => {
    world.app.clock.advance(milliseconds);
  };
  const post = async (from: RemoteActor, activity: unknown) =>
    (await send(world.port, signDelivery(world.app, from, activity))).status;
  const without = (json: Json & { id: string }, ...names: string[]): Json & { id: string } => {
    const rest = { ...json };
    for (const name of names) delete rest[name];
    return rest;
  };

  describe('Undo', () => {
    test('Pixelfed: of a Follow under another id than it had ends the follow', async () => {
      const eve = stranger();
      await world.deliver(eve, { ...eve.activity('Follow', alice.uri), id: `${eve.uri}#follow/7` });
      expect(await followOf(eve)).toMatchObject({ accepted: true });
      const object = { id: `${eve.uri}#follows/7`, type: 'Follow', actor: eve.uri, object: alice.uri };
      await world.deliver(eve, { ...eve.activity('Undo', object), id: `${eve.uri}#follow/7/undo` });
      expect(await followOf(eve)).toBeUndefined();
    });

    test('Lemmy: of a Follow, Like or Announce made up anew ends the one that is here', async () => {
      const eve = stranger();
      const own = await buildPost(world.app.ctx, alice);
      await world.deliver(eve, eve.activity('Follow', alice.uri));
      await world.deliver(eve, eve.activity('Like', own.uri));
      await world.deliver(eve, eve.activity('Announce', own.uri, { to: [PUBLIC] }));
      expect(await findPost(db(), own.id)).toMatchObject({ favouritesCount: 1, reblogsCount: 1 });
      for (const [type, object] of [
        ['Like', own.uri],
        ['Announce', own.uri],
        ['Follow', alice.uri],
      ] as const) {
        await world.deliver(eve, eve.activity('Undo', eve.activity(type, object)));
      }
      expect(await findFavourite(db(), await idOf(eve), own.id)).toBeUndefined();
      expect(await findReblog(db(), await idOf(eve), own.id)).toBeUndefined();
      expect(await findPost(db(), own.id)).toMatchObject({ favouritesCount: 0, reblogsCount: 0 });
      expect(await followOf(eve)).toBeUndefined();
    });

    test('of what another did changes nothing', async () => {
      const [eve, mallory] = [stranger(), stranger('mallory')];
      await world.deliver(eve, eve.activity('Follow', alice.uri));
      await world.deliver(mallory, mallory.activity('Follow', alice.uri));
      const object = { ...mallory.activity('Follow', alice.uri), actor: eve.uri };
      await world.deliver(mallory, mallory.activity('Undo', object));
      expect(await followOf(eve)).toBeDefined();
      expect(await followOf(mallory)).toBeDefined();
    });

    test('of a Like that came and went does not take back the next one', async () => {
      const eve = stranger();
      const own = await buildPost(world.app.ctx, alice);
      const [first, second] = [eve.activity('Like', own.uri), eve.activity('Like', own.uri)];
      await world.deliver(eve, first);
      await world.deliver(eve, eve.activity('Undo', first));
      await world.deliver(eve, second);
      await world.deliver(eve, eve.activity('Undo', first));
      expect(await findFavourite(db(), await idOf(eve), own.id)).toMatchObject({ uri: second.id });
    });
  });

  describe('one id for several activities', () => {
    test('Misskey: a Follow, its Undo, and the Follow again with the same ids', async () => {
      const eve = stranger();
      const following = { ...eve.activity('Follow', alice.uri), id: `https://${eve.host}/follows/1/2` };
      const undo = { ...eve.activity('Undo', following), id: `${following.id}/undo` };
      for (const [activity, isFollowing] of [
        [following, true],
        [undo, false],
        [following, true],
        [undo, false],
        [following, true],
      ] as const) {
        later();
        expect(await world.deliver(eve, activity)).toBe(202);
        expect((await followOf(eve)) !== undefined).toBe(isFollowing);
      }
    });

    test('Misskey: a Follow after it was refused and withdrawn counts', async () => {
      const eve = stranger();
      const following = { ...eve.activity('Follow', alice.uri), id: `https://${eve.host}/follows/1/2` };
      await world.deliver(eve, following);
      await rejectFollow(world.app.ctx, alice.id, await idOf(eve));
      await world.app.drain();
      later();
      await world.deliver(eve, { ...eve.activity('Undo', following), id: `${following.id}/undo` });
      later();
      await world.deliver(eve, following);
      expect(await followOf(eve)).toMatchObject({ accepted: true });
    });

    test('a Follow that was overtaken by its Undo stays without effect, signed anew or not; a day later it is a new one', async () => {
      const eve = stranger();
      const following = eve.activity('Follow', alice.uri);
      await world.deliver(eve, eve.activity('Undo', following));
      later(HOUR);
      await world.deliver(eve, following);
      expect(await followOf(eve)).toBeUndefined();
      later(25 * HOUR);
      await world.deliver(eve, following);
      expect(await followOf(eve)).toBeDefined();
    });

    test('a replay is no newer for a time that its signature does not cover', async () => {
      const eve = stranger();
      const following = eve.activity('Follow', alice.uri);
      const created = Math.floor(world.app.ctx.now() / 1_000);
      const signed = signDelivery(world.app, eve, following, { parameters: { created } });
      expect((await send(world.port, signed)).status).toBe(202);
      await world.app.drain();
      await world.deliver(eve, eve.activity('Undo', following));
      const headers = signed.headers.map(([name, value]): [string, string] => [
        name,
        value.replace(`created=${created}`, `created=${created + 1}`),
      ]);
      expect(headers).not.toEqual(signed.headers);
      expect((await send(world.port, { ...signed, headers })).status).toBe(202);
      await world.app.drain();
      expect(await followOf(eve)).toBeUndefined();
    });

    test('WriteFreely: a post, its Create and every Update share one id', async () => {
      const note = friend.note({ type: 'Article', name: 'T', content: '<p>one</p>' });
      const say = (type: string, content: string) => ({ ...friend.activity(type, { ...note, content }), id: note.id });
      await world.deliver(friend, say('Create', '<p>one</p>'));
      for (const content of ['<p>two</p>', '<p>three</p>']) {
        later();
        await world.deliver(friend, say('Update', content));
        expect(await postOf(note)).toMatchObject({ html: content });
      }
    });

    test('the same Create or Update is remembered once, however often it is signed', async () => {
      const create = friend.activity('Create', friend.note());
      await world.deliver(friend, create);
      const before = await world.count('received');
      later();
      expect(await world.deliver(friend, create, { path: `/users/${alice.id}/inbox` })).toBe(202);
      expect(await world.count('received')).toBe(before);
    });
  });

  describe('what only the activity says', () => {
    test('whom a post is for', async () => {
      const eve = stranger();
      const shown = without(friend.note(), 'to', 'cc');
      await world.deliver(friend, friend.activity('Create', shown, { to: [PUBLIC], cc: [friend.followers] }));
      expect(await postOf(shown)).toMatchObject({ visibility: 'public' });
      const secret = without(eve.note(), 'to', 'cc');
      await world.deliver(eve, eve.activity('Create', secret, { to: [alice.uri] }));
      const message = (await postOf(secret))!;
      expect(message.visibility).toBe('direct');
      expect(await listMentionedIds(db(), message.id)).toEqual([alice.id]);
      // What the post says itself counts.
      const own = friend.note({ to: [friend.followers], cc: [] });
      await world.deliver(friend, friend.activity('Create', own, { to: [PUBLIC] }));
      expect(await postOf(own)).toMatchObject({ visibility: 'followers' });
    });

    test('who wrote it, unless the post says that another did', async () => {
      const note = without(friend.note(), 'attributedTo');
      await world.deliver(friend, friend.activity('Create', note));
      expect(await postOf(note)).toMatchObject({ html: '<p>Guten Tag</p>' });
      const elsewhere = { ...without(friend.note(), 'attributedTo'), id: 'https://victim.example/notes/1' };
      await world.deliver(friend, friend.activity('Create', elsewhere));
      expect(await postOf(elsewhere)).toBeUndefined();
    });

    test('a public post that is addressed to somebody here without naming them is kept', async () => {
      const eve = stranger();
      const note = eve.note({ cc: [alice.uri] });
      await world.deliver(eve, eve.activity('Create', note));
      const kept = (await postOf(note))!;
      expect(await listMentionedIds(db(), kept.id)).toEqual([]);
      const noise = eve.note({ cc: ['https://elsewhere.example/users/x'] });
      await world.deliver(eve, eve.activity('Create', noise));
      expect(await postOf(noise)).toBeUndefined();
    });
  });

  describe('edits', () => {
    const mention = () => ({ tag: [{ type: 'Mention', href: alice.uri }] });

    test('that say nowhere whom they are for leave a message with its readers', async () => {
      const eve = stranger();
      const note = eve.note({ to: [alice.uri], cc: [], ...mention() });
      await world.deliver(eve, eve.activity('Create', note));
      const { id } = (await postOf(note))!;
      const edited = { ...without(note, 'to', 'cc'), content: '<p>1</p>', updated: '2026-01-15T11:30:00Z' };
      await world.deliver(eve, eve.activity('Update', edited));
      expect(await findPost(db(), id)).toMatchObject({ html: '<p>1</p>' });
      expect(await listMentionedIds(db(), id)).toEqual([alice.id]);
    });

    test('of the same second both count', async () => {
      const note = friend.note();
      await world.deliver(friend, friend.activity('Create', note));
      for (const content of ['<p>1</p>', '<p>2</p>']) {
        const edited = { ...note, content, updated: '2026-01-15T11:30:00Z' };
        await world.deliver(friend, friend.activity('Update', edited));
        expect(await postOf(note)).toMatchObject({ html: content });
      }
      await world.deliver(
        friend,
        friend.activity('Update', { ...note, content: '<p>0</p>', updated: '2026-01-15T11:29:59Z' }),
      );
      expect(await postOf(note)).toMatchObject({ html: '<p>2</p>' });
    });

    test('without a time count where they change only a warning or what is attached', async () => {
      const note = friend.note();
      await world.deliver(friend, friend.activity('Create', note));
      await world.deliver(friend, friend.activity('Update', { ...note, sensitive: true }));
      expect(await postOf(note)).toMatchObject({ sensitive: true });
      const picture = { type: 'Image', mediaType: 'image/png', url: 'https://friend.example/a.png' };
      await world.deliver(friend, friend.activity('Update', { ...note, sensitive: true, attachment: [picture] }));
      const edited = (await postOf(note))!;
      expect(edited).toMatchObject({ attachments: [{ url: picture.url }] });
      later();
      await world.deliver(
        friend,
        friend.activity('Update', { ...note, sensitive: true, attachment: [picture], votersCount: 5 }),
      );
      expect(await postOf(note)).toMatchObject({ version: edited.version });
    });
  });

  test('posts that come with the Accept of a follow are kept', async () => {
    const eve = stranger();
    const account = await world.accountOf(eve);
    const shown = stranger('carol').note();
    world.app.remote.serveActivity(shown);
    await follow(world.app.ctx, alice.id, account.id);
    await world.app.drain();
    const asked = (await findFollow(db(), alice.id, account.id))!;
    const notes = [eve.note(), eve.note({ to: [eve.followers], cc: [] })];
    await post(eve, eve.activity('Accept', asked.uri));
    for (const note of notes) await post(eve, eve.activity('Create', note));
    await post(eve, eve.activity('Announce', shown.id, { to: [PUBLIC] }));
    await world.app.drain();
    for (const note of notes) expect(await postOf(note)).toBeDefined();
    expect(await findReblog(db(), account.id, (await postOf(shown))!.id)).toBeDefined();
  });

  test('a Delete of a stranger’s post that comes before its Create wins; a stranger’s farewell leaves no trace', async () => {
    const [eve, gone] = [stranger(), stranger('gone')];
    const note = eve.note({ cc: [alice.uri], tag: [{ type: 'Mention', href: alice.uri }] });
    expect(await world.deliver(eve, eve.activity('Delete', { type: 'Tombstone', id: note.id }))).toBe(202);
    await world.deliver(eve, eve.activity('Create', note));
    expect(await postOf(note)).toBeUndefined();
    const before = await world.traces();
    expect(await world.deliver(gone, gone.activity('Delete', gone.uri))).toBe(202);
    expect(await world.traces()).toEqual(before);
  });

  describe('Lemmy: what a community announces', () => {
    let group: RemoteActor;
    const announce = (object: unknown) =>
      world.deliver(group, group.activity('Announce', object, { to: [PUBLIC], cc: [group.followers] }));
    const gets = () => world.app.remote.requests.filter(({ method }) => method === 'GET').length;

    beforeAll(async () => {
      group = world.actor('books@lemmy.example', { document: { type: 'Group' } });
      await world.befriend(alice, group);
    });

    /** A page by somebody of another server, which the community has announced. */
    async function announced(): Promise<{ author: RemoteActor; page: Json & { id: string }; post: Post }> {
      const author = stranger('carol');
      const page = author.note({
        type: 'Page',
        name: 'Ein Buch',
        content: undefined,
        attachment: [{ type: 'Link', href: 'https://news.example/article' }],
      });
      world.app.remote.serveActivity(page);
      await announce(author.activity('Create', page));
      return { author, page, post: (await postOf(page))! };
    }

    test('a link post shows its link', async () => {
      const kept = await announced();
      expect(kept.post).toMatchObject({ kind: 'page', title: 'Ein Buch', reblogsCount: 1 });
      expect(kept.post.html).toContain('href="https://news.example/article"');
    });

    test('votes cost no request', async () => {
      const { page } = await announced();
      const voter = stranger('voter');
      const like = voter.activity('Like', page.id);
      const before = gets();
      for (const vote of [like, voter.activity('Undo', like), voter.activity('Dislike', page.id), { id: 'x', type: 7 }])
        await announce(vote);
      expect(gets()).toBe(before);
    });

    test('an edit is read where the post lives', async () => {
      const { author, page, post: kept } = await announced();
      const edited = { ...page, name: 'Zwei Bücher', updated: new Date(world.app.ctx.now()).toISOString() };
      await announce(author.activity('Update', { ...edited, name: 'forged' }));
      expect(await findPost(db(), kept.id)).toMatchObject({ title: 'Ein Buch' });
      world.app.remote.serveActivity(edited);
      await announce(author.activity('Update', { ...edited, name: 'forged' }));
      expect(await findPost(db(), kept.id)).toMatchObject({ title: 'Zwei Bücher', reblogsCount: 1 });
    });

    test('a deletion counts if the post’s server confirms it, and asks nothing about posts that are not here', async () => {
      const [kept, gone] = [await announced(), await announced()];
      world.app.remote.serve(gone.page.id, { status: 410 });
      for (const { author, page } of [kept, gone]) await announce(author.activity('Delete', page.id));
      expect((await findPost(db(), kept.post.id))!.deletedAt).toBeUndefined();
      expect((await findPost(db(), gone.post.id))!.deletedAt).toBeDefined();
      const before = gets();
      await announce(kept.author.activity('Delete', 'https://elsewhere.example/notes/1'));
      expect(gets()).toBe(before);
    });

    test('of a community that nobody follows nothing is asked', async () => {
      const { author, page } = await announced();
      const other = stranger('other');
      await world.accountOf(other);
      const before = gets();
      for (const type of ['Update', 'Delete'])
        await world.deliver(other, other.activity('Announce', author.activity(type, page), { to: [PUBLIC] }));
      expect(gets()).toBe(before);
    });
  });

  test('a locked account is asked again by the Follow that comes again', async () => {
    const lena = await buildUser(world.app.ctx, `lena${dialect}`.slice(0, 20));
    await updateProfile(world.app.ctx, lena.id, { locked: true });
    const eve = stranger();
    const following = eve.activity('Follow', lena.uri);
    await world.deliver(eve, following);
    later();
    await world.deliver(eve, following);
    expect(await findFollow(db(), await idOf(eve), lena.id)).toMatchObject({ accepted: false });
  });
});
