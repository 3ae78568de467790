import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { findAccount, findAccountByHandle, findAccountByUri } from '#domain/accounts/account-store.ts';
import { listEdits } from '#domain/posts/edit-store.ts';
import { findPost, findPostByUri } from '#domain/posts/post-store.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { onEachDialect } from '../support/databases.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { PUBLIC, type RemoteActor, serveHandle } from '../support/remote-actor.ts';
import { buildUser } from '../support/world.ts';

/** What was read from another server once is not true for ever: posts are edited, accounts come back, handles change hands. */

const HOUR = 3_600_000;

onEachDialect('What other servers show is read again', (dialect) => {
  let world: InboxWorld;
  let alice: Account;
  let hosts = 0;

  beforeAll(async () => {
    world = await createInboxWorld({ dialect });
    alice = await buildUser(world.app.ctx, 'alice');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const db = () => world.app.ctx.db;
  const stranger = (name = 'eve') => world.actor(`${name}@server${++hosts}.example`);
  const lookup = (what: string) => world.app.ctx.lookup.account(what);
  const lookupPost = (uri: string) => world.app.ctx.lookup.post(uri);
  const serve = (json: Record<string, unknown> & { id: string }) => world.app.remote.serveActivity(json);
  const bury = (id: string) =>
    world.app.remote.serve(id, {
      status: 410,
      headers: { 'content-type': 'application/activity+json' },
      body: JSON.stringify({ id, type: 'Tombstone' }),
    });
  const asked = (url: string) => world.app.remote.requests.filter((request) => request.url === url).length;
  const inOneHour = () => new Date(world.app.ctx.now() + HOUR).toISOString();

  describe('a post', () => {
    test('that is looked up after some hours shows the edit made meanwhile, and is asked for once', async () => {
      const eve = stranger();
      const note = eve.note();
      serve(note);
      const id = (await lookupPost(note.id))!;
      serve({ ...note, content: '<p>Korrigiert</p>', updated: inOneHour() });
      world.app.clock.advance(5 * HOUR);
      expect(await lookupPost(note.id)).toBe(id);
      expect(asked(note.id)).toBe(1);
      world.app.clock.advance(2 * HOUR);
      expect(await lookupPost(note.id)).toBe(id);
      expect(await findPost(db(), id)).toMatchObject({ html: '<p>Korrigiert</p>' });
      expect(await listEdits(db(), id)).toMatchObject([{ html: '<p>Guten Tag</p>' }]);
      await lookupPost(note.id);
      expect(asked(note.id)).toBe(2);
    });

    test('that its server says is deleted is deleted here; one that does not answer, or is hidden, is not', async () => {
      const eve = stranger();
      const [gone, away, hidden] = [eve.note(), eve.note(), eve.note()];
      const ids: number[] = [];
      for (const note of [gone, away, hidden]) {
        serve(note);
        ids.push((await lookupPost(note.id))!);
      }
      bury(gone.id);
      world.app.remote.serve(away.id, { status: 503 });
      world.app.remote.serve(hidden.id, { status: 404 });
      world.app.clock.advance(7 * HOUR);
      expect(await lookupPost(gone.id)).toBeUndefined();
      expect(await lookupPost(away.id)).toBe(ids[1]);
      expect(await lookupPost(hidden.id)).toBe(ids[2]);
      expect(await findPost(db(), ids[0]!)).toMatchObject({ html: '', deletedAt: world.app.ctx.now() });
    });

    test('is no edit where it only looks different and does not say that it was edited', async () => {
      const eve = stranger();
      const note = eve.note();
      serve(note);
      const id = (await lookupPost(note.id))!;
      serve({ ...note, content: '<p>Guten Tag!</p>' });
      world.app.clock.advance(7 * HOUR);
      await lookupPost(note.id);
      expect(await listEdits(db(), id)).toEqual([]);
    });

    test('is not changed by what another actor shows in its place', async () => {
      const eve = stranger();
      const colleague = world.actor(`colleague@${eve.host}`);
      const note = eve.note();
      serve(note);
      const id = (await lookupPost(note.id))!;
      serve({ ...note, attributedTo: colleague.uri, content: 'stolen', updated: inOneHour() });
      world.app.clock.advance(7 * HOUR);
      await lookupPost(note.id);
      expect(await findPost(db(), id)).toMatchObject({ html: '<p>Guten Tag</p>' });
    });

    test('that is shown on after some hours is read again, without holding up the reblog', async () => {
      const [eve, friend] = [stranger(), stranger('friend')];
      await world.befriend(alice, friend);
      const note = eve.note();
      serve(note);
      const id = (await lookupPost(note.id))!;
      await world.deliver(friend, friend.activity('Announce', note.id, { to: [PUBLIC] }));
      expect(asked(note.id)).toBe(1);
      serve({ ...note, content: '<p>Neu</p>', updated: inOneHour() });
      world.app.clock.advance(7 * HOUR);
      const other = stranger('other');
      await world.befriend(alice, other);
      await world.deliver(other, other.activity('Announce', note.id, { to: [PUBLIC] }));
      expect(await findPost(db(), id)).toMatchObject({ html: '<p>Neu</p>', reblogsCount: 2 });
      expect(asked(note.id)).toBe(2);
    });

    test('for few is not asked for again', async () => {
      const friend = stranger('friend');
      await world.befriend(alice, friend);
      const note = friend.note({ to: [friend.followers], cc: [] });
      await world.deliver(friend, friend.activity('Create', note));
      world.app.clock.advance(7 * HOUR);
      expect(await lookupPost(note.id)).toBeDefined();
      expect(asked(note.id)).toBe(0);
    });
  });

  describe('a deleted account', () => {
    /** Somebody alice followed, who is deleted. */
    async function deleted(): Promise<{ eve: RemoteActor; account: Account }> {
      const eve = stranger();
      const account = await world.befriend(alice, eve);
      await world.deliver(eve, eve.activity('Create', eve.note()));
      await world.deliver(eve, eve.activity('Delete', eve.uri));
      expect(await findAccount(db(), account.id)).toMatchObject({ deletedAt: world.app.ctx.now() });
      return { eve, account };
    }

    test('is back when it signs again and its server shows it; its follows and posts stay gone', async () => {
      const { eve, account } = await deleted();
      world.app.clock.advance(2 * HOUR);
      const note = eve.note({ tag: [{ type: 'Mention', href: alice.uri }], cc: [alice.uri] });
      expect(await world.deliver(eve, eve.activity('Create', note))).toBe(202);
      expect(await findAccount(db(), account.id)).toMatchObject({
        deletedAt: undefined,
        displayName: 'EVE',
        followersCount: 0,
        postsCount: 1,
      });
      expect(await findFollow(db(), alice.id, account.id)).toBeUndefined();
      expect(await findPostByUri(db(), note.id)).toMatchObject({ deletedAt: undefined });
    });

    test('is back when it is looked up, by address or handle', async () => {
      for (const nameOf of [(eve: RemoteActor) => eve.uri, (eve: RemoteActor) => `eve@${eve.host}`]) {
        const { eve, account } = await deleted();
        expect(await lookup(nameOf(eve))).toBeUndefined();
        world.app.clock.advance(2 * HOUR);
        expect(await lookup(nameOf(eve))).toBe(account.id);
      }
    });

    test('stays deleted while its server does not show it, which is asked once an hour at most', async () => {
      const { eve, account } = await deleted();
      bury(eve.uri);
      world.app.clock.advance(2 * HOUR);
      const before = asked(eve.uri);
      for (let n = 0; n < 3; n++) await world.deliver(eve, eve.activity('Like', alice.uri));
      expect(await lookup(eve.uri)).toBeUndefined();
      expect(asked(eve.uri)).toBe(before + 1);
      expect(await findAccount(db(), account.id)).toMatchObject({ displayName: '' });
    });

    test('is not back because of what was on its way when it was deleted, or because it says farewell again', async () => {
      const { eve, account } = await deleted();
      await world.deliver(eve, eve.activity('Create', eve.note({ cc: [alice.uri] })));
      world.app.clock.advance(2 * HOUR);
      await world.deliver(eve, eve.activity('Delete', eve.uri));
      // By now its key would be read anew.
      world.app.clock.advance(8 * 24 * HOUR);
      expect(await world.deliver(eve, eve.activity('Delete', eve.uri))).toBe(202);
      expect((await findAccount(db(), account.id))!.deletedAt).toBeDefined();
    });

    test('of this server never comes back', async () => {
      const local = await buildUser(world.app.ctx, `gone${dialect}`.slice(0, 20));
      const { deleteAccount } = await import('#domain/deletion/delete-account.ts');
      await deleteAccount(world.app.ctx, local.id);
      await world.app.drain();
      world.app.clock.advance(2 * HOUR);
      expect(await lookup(local.uri)).toBeUndefined();
      expect(await lookup(local.username)).toBeUndefined();
    });
  });

  describe('a handle', () => {
    /** `former` had name@split.example, which now is `present`'s; both know only their own servers' names beside. */
    async function handedOver(name: string) {
      const domain = `split${++hosts}.example`;
      const former = world.actor(`${name}@former${hosts}.example`);
      const present = world.actor(`${name}@present${hosts}.example`);
      const give = (actor: RemoteActor) => {
        serveHandle(world.app.remote, `${name}@${actor.host}`, actor.uri, `${name}@${domain}`);
        serveHandle(world.app.remote, `${name}@${domain}`, actor.uri);
      };
      give(former);
      await lookup(former.uri);
      expect(await findAccountByHandle(db(), name, domain)).toMatchObject({ uri: former.uri });
      give(present);
      await lookup(present.uri);
      const holder = async () => (await findAccountByHandle(db(), name, domain))?.uri;
      expect(await holder()).toBe(present.uri);
      return { former, present, holder };
    }

    test('that went to another does not come back with a new profile of who had it', async () => {
      const { former, present, holder } = await handedOver('ann');
      expect(await findAccountByUri(db(), former.uri)).toMatchObject({ username: 'ann', host: former.host });
      const profile = { ...former.document, id: former.uri, name: 'I am back' };
      serve(profile);
      await world.deliver(former, former.activity('Update', profile));
      expect(await holder()).toBe(present.uri);
      expect(await findAccountByUri(db(), former.uri)).toMatchObject({ displayName: 'I am back', host: former.host });
    });

    test('that went to another does not come back while WebFinger does not answer', async () => {
      const { former, present, holder } = await handedOver('ben');
      const url = `https://${former.host}/.well-known/webfinger?resource=${encodeURIComponent(`acct:ben@${former.host}`)}`;
      world.app.remote.serve(url, { status: 503 });
      await world.deliver(former, former.activity('Update', { ...former.document, publicKey: undefined }));
      world.app.clock.advance(25 * HOUR);
      await lookup(former.uri);
      expect(await holder()).toBe(present.uri);
    });

    test('that its own server gave to another does not come back either', async () => {
      const host = `reuses${++hosts}.example`;
      const former = world.actor(`max@${host}`);
      await lookup(former.uri);
      const present = world.actor(`max@${host}`, { uri: `https://${host}/actors/max` });
      await lookup(present.uri);
      const holder = async () => (await findAccountByHandle(db(), 'max', host))?.uri;
      expect(await holder()).toBe(present.uri);
      await world.deliver(former, former.activity('Update', { ...former.document, name: 'I am back' }));
      expect(await holder()).toBe(present.uri);
      const url = `https://${host}/.well-known/webfinger?resource=${encodeURIComponent(`acct:max@${host}`)}`;
      world.app.remote.serve(url, { status: 503 });
      world.app.clock.advance(25 * HOUR);
      await lookup(former.uri);
      expect(await holder()).toBe(present.uri);
    });

    test('that is still its own stays while WebFinger does not answer', async () => {
      const ida = world.actor('ida@home.example');
      serveHandle(world.app.remote, 'ida@home.example', ida.uri, `ida@short.example`);
      serveHandle(world.app.remote, 'ida@short.example', ida.uri);
      await lookup(ida.uri);
      const url = `https://home.example/.well-known/webfinger?resource=${encodeURIComponent('acct:ida@home.example')}`;
      world.app.remote.serve(url, { status: 503 });
      world.app.clock.advance(25 * HOUR);
      await lookup(ida.uri);
      expect(await findAccountByHandle(db(), 'ida', 'short.example')).toMatchObject({ uri: ida.uri });
    });
  });
});
