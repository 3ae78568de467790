import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccount, findAccountByHandle, getAccount, insertAccount } from '#domain/accounts/account-store.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { eraseAccount } from '#domain/deletion/erase-account.ts';
import { receiveAccount } from '#domain/accounts/receive-account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { Conflict, Invalid, NotAllowed, NotFound } from '#domain/errors.ts';
import { insertNotifications, listNotifications } from '#domain/notifications/notification-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import { listEdits } from '#domain/posts/edit-store.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { PIN_LIMIT, pin, unpin } from '#domain/posts/pin.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import { findPost } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { reblog, unreblog } from '#domain/posts/reblog.ts';
import { readThread } from '#domain/posts/read-thread.ts';
import { visibleTo } from '#domain/posts/visibility-sql-store.ts';
import { block, unblock } from '#domain/relationships/block.ts';
import { acceptFollow, follow, rejectFollow, unfollow } from '#domain/relationships/follow.ts';
import { insertFollow } from '#domain/relationships/follow-store.ts';
import { createUser } from '#domain/sign-in/create-user.ts';
import { changeRole, disableUser } from '#domain/sign-in/manage-user.ts';
import { findSignedIn, signIn, signOut } from '#domain/sign-in/sign-in.ts';
import { homeTimeline } from '#domain/timelines/home.ts';
import { listByAccount, listByHashtag, listPinned, listPublic } from '#domain/timelines/timeline-store.ts';
import { onEachDialect } from '../support/databases.ts';
import { createTestApp, type TestApp } from '../support/test-app.ts';
import { buildPost, buildUser, PASSWORD } from '../support/world.ts';

onEachDialect('The domain', (dialect) => {
  let app: TestApp;
  let ctx: Ctx;
  let n = 0;

  beforeAll(async () => {
    app = await createTestApp({ dialect });
    ctx = app.ctx;
  });

  // Nothing has the same time as what another test did.
  beforeEach(() => app.clock.advance(60_000));

  afterAll(() => app[Symbol.asyncDispose]());

  const someone = () => buildUser(ctx, `user${++n}`);
  /** Without a user: a tenth of the time. */
  const somebody = async (): Promise<Account> => {
    const id = ctx.ids.next();
    const uri = `https://parvis.example/users/${id}`;
    const profile = { kind: 'person', username: `body${++n}`, host: '', uri, url: uri, inbox: `${uri}/inbox` } as const;
    await inTransaction(ctx, (tx) => insertAccount(tx.db, { ...profile, id, createdAt: tx.now() }));
    return getAccount(ctx.db, id);
  };
  /** Local accounts that follow `star`, without the notifications and counters. */
  const followedBy = async (star: Account, fans: number): Promise<void> => {
    await inTransaction(ctx, async (tx) => {
      for (let i = 0; i < fans; i++) {
        const id = tx.ids.next();
        const uri = `https://parvis.example/users/${id}`;
        await insertAccount(tx.db, {
          kind: 'person',
          username: `fan${id}`,
          host: '',
          uri,
          url: uri,
          id,
          createdAt: tx.now(),
        });
        const row = {
          id: tx.ids.next(),
          followerId: id,
          targetId: star.id,
          uri: `${uri}#follow`,
          accepted: true,
          createdAt: tx.now(),
        };
        await insertFollow(tx.db, { ...row, followerIsLocal: true });
      }
    });
  };
  const account = (of: Account) => getAccount(ctx.db, of.id);
  const post = async (of: Post) => (await findPost(ctx.db, of.id))!;
  const home = async (of: Account) => (await homeTimeline(ctx, of.id, { limit: 40 })).map((view) => view.post.id);
  const kinds = async (of: Account) =>
    (await listNotifications(ctx.db, of.id, { limit: 40 })).map((entry) => entry.kind);
  const counts = async (of: Account) => {
    const { followersCount, followingCount, postsCount } = await account(of);
    return [followersCount, followingCount, postsCount];
  };

  describe('Users', () => {
    test('sign in with name or address, and out', async () => {
      const ada = await someone();
      for (const login of [ada.username, ada.username.toUpperCase(), `${ada.username}@mail.example`]) {
        const { token } = await signIn(ctx, login, PASSWORD);
        expect((await findSignedIn(ctx, token))?.user.accountId).toBe(ada.id);
        await signOut(ctx, token);
        expect(await findSignedIn(ctx, token)).toBeUndefined();
      }
    });

    test('who are not, who mistype and who are disabled get the same words', async () => {
      const [ada, eve] = [await someone(), await someone()];
      const { token } = await signIn(ctx, eve.username, PASSWORD);
      await disableUser(ctx, eve.id);
      const words = await Promise.all(
        [signIn(ctx, 'nobody', PASSWORD), signIn(ctx, ada.username, 'wrong'), signIn(ctx, eve.username, PASSWORD)].map(
          (attempt) => attempt.catch((error: unknown) => (error as Error).message),
        ),
      );
      expect(new Set(words)).toEqual(new Set(['The name or the password is wrong']));
      expect(await findSignedIn(ctx, token)).toBeUndefined();
    });

    test('stop being signed in after a month', async () => {
      const ada = await someone();
      const { token } = await signIn(ctx, ada.username, PASSWORD);
      app.clock.advance(30 * 24 * 3_600_000);
      expect(await findSignedIn(ctx, token)).toBeUndefined();
    });

    test('have names, addresses and passwords that can be', async () => {
      const ada = await someone();
      const create = (change: object) =>
        createUser(ctx, {
          username: `x${++n}`,
          email: `x${n}@mail.example`,
          password: PASSWORD,
          role: 'user',
          ...change,
        });
      for (const username of ['', 'a b', 'é', 'x'.repeat(31), 'admin', 'Instance'])
        await expect(create({ username })).rejects.toThrow(Invalid);
      await expect(create({ email: 'nobody' })).rejects.toThrow(Invalid);
      await expect(create({ password: 'short' })).rejects.toThrow(Invalid);
      await expect(create({ username: ada.username.toUpperCase() })).rejects.toThrow(Conflict);
      await expect(create({ email: `${ada.username.toUpperCase()}@mail.example` })).rejects.toThrow(Conflict);
    });

    test('who register at the same moment under one name are one', async () => {
      const one = { username: `x${++n}`, email: 'one@mail.example', password: PASSWORD, role: 'user' as const };
      const outcomes = await Promise.allSettled([
        createUser(ctx, one),
        createUser(ctx, { ...one, email: 'two@mail.example' }),
      ]);
      expect(outcomes.map((outcome) => outcome.status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(
        (outcomes.find((outcome) => outcome.status === 'rejected') as PromiseRejectedResult).reason,
      ).toBeInstanceOf(Conflict);
    });

    test('always include an owner', async () => {
      const owner = await buildUser(ctx, `user${++n}`, { role: 'owner' });
      await expect(changeRole(ctx, owner.id, 'user')).rejects.toThrow(NotAllowed);
      await expect(disableUser(ctx, owner.id)).rejects.toThrow(NotAllowed);
      await expect(deleteAccount(ctx, owner.id)).rejects.toThrow(NotAllowed);
    });
  });

  describe('Visibility', () => {
    test('is what it says: everybody, everybody who looks, followers, the named', async () => {
      const [ada, follower, named, stranger] = [await somebody(), await somebody(), await somebody(), await somebody()];
      await follow(ctx, follower.id, ada.id);
      const text = `Bonjour @${named.username}`;
      const sees = async (visibility: Post['visibility']) => {
        const { id } = await buildPost(ctx, ada, { text, visibility });
        const viewers = [undefined, ada.id, follower.id, named.id, stranger.id];
        return Promise.all(
          viewers.map((viewer) =>
            getVisiblePost(ctx, viewer, id).then(
              () => true,
              () => false,
            ),
          ),
        );
      };
      expect(await sees('public')).toEqual([true, true, true, true, true]);
      expect(await sees('unlisted')).toEqual([true, true, true, true, true]);
      expect(await sees('followers')).toEqual([false, true, true, true, false]);
      expect(await sees('direct')).toEqual([false, true, false, true, false]);
    });

    test('of nothing, of the deleted and of the hidden look the same', async () => {
      const [ada, eve] = [await somebody(), await somebody()];
      const hidden = await buildPost(ctx, ada, { visibility: 'followers' });
      const gone = await buildPost(ctx, ada);
      await deletePost(ctx, ada.id, gone.id);
      const words = await Promise.all(
        [hidden.id, gone.id, 1].map((id) => favourite(ctx, eve.id, id).catch((error: unknown) => error)),
      );
      for (const error of words) expect(error).toBeInstanceOf(NotFound);
      expect(new Set(words.map(String)).size).toBe(1);
    });

    test('by policy and by SQL agree in every world', async () => {
      const people = await Promise.all(Array.from({ length: 4 }, somebody));
      const person = fc.integer({ min: 0, max: people.length - 1 });
      const pair = fc.tuple(person, person).filter(([one, other]) => one !== other);
      const world = fc.record({
        follows: fc.array(pair, { maxLength: 5 }),
        blocks: fc.array(pair, { maxLength: 3 }),
        posts: fc.array(
          fc.record({
            author: person,
            visibility: fc.constantFrom('public', 'unlisted', 'followers', 'direct'),
            names: fc.array(person, { maxLength: 2 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
      });
      await fc.assert(
        fc.asyncProperty(world, async ({ follows, blocks, posts }) => {
          for (const table of ['follow', 'block', 'post'])
            await inTransaction(ctx, (tx) => tx.db.run(`DELETE FROM ${table}`));
          for (const [one, other] of follows) await follow(ctx, people[one]!.id, people[other]!.id).catch(() => {});
          const written: Post[] = [];
          for (const { author, visibility, names } of posts) {
            const text = `Hello ${names.map((i) => `@${people[i]!.username}`).join(' ')}`;
            written.push(await buildPost(ctx, people[author]!, { text, visibility }));
          }
          for (const [one, other] of blocks) await block(ctx, people[one]!.id, people[other]!.id);
          for (const viewer of [undefined, ...people.map(({ id }) => id)]) {
            const { sql, values } = visibleTo(viewer);
            const listed = await ctx.db.all<{ id: number }>(`SELECT id FROM post WHERE ${sql} ORDER BY id`, values);
            const seen = [];
            for (const each of written) if (await canSee(ctx.db, viewer, each)) seen.push(each.id);
            expect(listed.map(({ id }) => id)).toEqual(seen);
          }
        }),
        { numRuns: dialect === 'sqlite' ? 60 : 15 },
      );
    });
  });

  describe('Publishing', () => {
    test('refuses what is empty, too long or in no language', async () => {
      const ada = await somebody();
      for (const draft of [{ text: ' \n' }, { text: 'x'.repeat(5_001) }, { text: 'x', language: 'not a language' }]) {
        await expect(buildPost(ctx, ada, draft)).rejects.toThrow(Invalid);
      }
      expect((await buildPost(ctx, ada, { text: '👩‍👩‍👧‍👦'.repeat(5_000) })).id).toBeGreaterThan(0);
    });

    test('does not show an answer to more than the post it answers', async () => {
      const ada = await somebody();
      const parent = await buildPost(ctx, ada, { visibility: 'followers' });
      expect((await buildPost(ctx, ada, { inReplyToId: parent.id })).visibility).toBe('followers');
      expect((await buildPost(ctx, ada, { inReplyToId: parent.id, visibility: 'direct' })).visibility).toBe('direct');
    });

    test('answers nothing that the author may not see', async () => {
      const [ada, eve] = [await somebody(), await somebody()];
      const parent = await buildPost(ctx, ada, { visibility: 'followers' });
      await expect(buildPost(ctx, eve, { inReplyToId: parent.id })).rejects.toThrow(NotFound);
    });

    test('counts, and tells whom it names, once', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const parent = await buildPost(ctx, bob);
      await buildPost(ctx, ada, {
        text: `@${bob.username} @${bob.username.toUpperCase()} hello`,
        inReplyToId: parent.id,
      });
      expect(await kinds(bob)).toEqual(['mention']);
      expect((await post(parent)).repliesCount).toBe(1);
      expect((await counts(ada))[2]).toBe(1);
    });

    test('counts no direct messages where everybody sees the number', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const message = await buildPost(ctx, ada, { text: `@${bob.username} psst`, visibility: 'direct' });
      expect(await account(ada)).toMatchObject({ postsCount: 0, lastPostAt: undefined });
      await buildPost(ctx, ada, { visibility: 'followers' });
      await deletePost(ctx, ada.id, message.id);
      expect(await account(ada)).toMatchObject({ postsCount: 1 });
    });

    test('lists posts under their hashtags however they are written', async () => {
      const ada = await somebody();
      const tagged = await buildPost(ctx, ada, { text: `#Tag${n}x` });
      expect((await listByHashtag(ctx.db, undefined, `tag${n}x`, { limit: 5 })).map(({ id }) => id)).toEqual([
        tagged.id,
      ]);
    });
  });

  describe('The home timeline', () => {
    test('has what one posts and what those one follows post, newest first, from then on', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const before = await buildPost(ctx, bob);
      await follow(ctx, ada.id, bob.id);
      const theirs = await buildPost(ctx, bob);
      const mine = await buildPost(ctx, ada);
      expect(await home(ada)).toEqual([mine.id, theirs.id]);
      expect(await home(bob)).toEqual([theirs.id, before.id]);
      await unfollow(ctx, ada.id, bob.id);
      expect(await home(ada)).toEqual([mine.id]);
    });

    test('has answers only between those one follows, to oneself, and to themselves', async () => {
      const [ada, bob, cleo, dan] = [await somebody(), await somebody(), await somebody(), await somebody()];
      for (const target of [bob, cleo]) await follow(ctx, ada.id, target.id);
      const [byAda, byBob, byCleo, byDan] = await Promise.all(
        [ada, bob, cleo, dan].map((author) => buildPost(ctx, author)),
      );
      const toAda = await buildPost(ctx, bob, { inReplyToId: byAda!.id });
      const toCleo = await buildPost(ctx, bob, { inReplyToId: byCleo!.id });
      await buildPost(ctx, bob, { inReplyToId: byDan!.id });
      const toSelf = await buildPost(ctx, bob, { inReplyToId: byBob!.id });
      const seen = await home(ada);
      expect(seen.slice(0, 3)).toEqual([toSelf.id, toCleo.id, toAda.id]);
      expect(seen).toHaveLength(6);
    });

    test('has direct messages only where they are for one', async () => {
      const [ada, bob, cleo] = [await somebody(), await somebody(), await somebody()];
      await follow(ctx, ada.id, cleo.id);
      await follow(ctx, bob.id, cleo.id);
      const direct = await buildPost(ctx, cleo, { text: `@${ada.username} psst`, visibility: 'direct' });
      expect(await home(ada)).toEqual([direct.id]);
      expect(await home(bob)).toEqual([]);
    });

    test('of the five-hundredth follower has the post too, written by jobs in bites', async () => {
      const star = await somebody();
      await followedBy(star, 500);
      const { id } = await buildPost(ctx, star);
      const reached = async () =>
        Number((await ctx.db.get<{ n: number }>('SELECT count(*) AS n FROM home WHERE post_id = ?', [id]))!.n);
      expect(await reached()).toBe(201);
      await app.drain();
      expect(await reached()).toBe(501);
    });
  });

  describe('Following', () => {
    test('counts on both sides, once however often one asks', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      expect(await follow(ctx, ada.id, bob.id)).toBe('following');
      expect(await follow(ctx, ada.id, bob.id)).toBe('following');
      expect([await counts(ada), await counts(bob)]).toEqual([
        [0, 1, 0],
        [1, 0, 0],
      ]);
      expect(await kinds(bob)).toEqual(['follow']);
      await unfollow(ctx, ada.id, bob.id);
      await unfollow(ctx, ada.id, bob.id);
      expect([await counts(ada), await counts(bob)]).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
    });

    test('of a locked account waits for its word, which may be no', async () => {
      const [ada, bob, eve] = [await somebody(), await somebody(), await somebody()];
      await updateProfile(ctx, bob.id, { locked: true });
      expect(await follow(ctx, ada.id, bob.id)).toBe('requested');
      expect(await follow(ctx, eve.id, bob.id)).toBe('requested');
      expect(await kinds(bob)).toEqual(['follow-request', 'follow-request']);
      expect(await counts(bob)).toEqual([0, 0, 0]);
      await acceptFollow(ctx, bob.id, ada.id);
      await acceptFollow(ctx, bob.id, ada.id);
      await rejectFollow(ctx, bob.id, eve.id);
      expect(await counts(bob)).toEqual([1, 0, 0]);
      expect(await kinds(bob)).toEqual(['follow']);
      await expect(acceptFollow(ctx, bob.id, eve.id)).rejects.toThrow(NotFound);
      await rejectFollow(ctx, bob.id, ada.id);
      expect([await counts(ada), await counts(bob)]).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
    });

    test('is not possible of oneself, of nobody, or of the server', async () => {
      const ada = await somebody();
      await expect(follow(ctx, ada.id, ada.id)).rejects.toThrow(Invalid);
      await expect(follow(ctx, ada.id, 1)).rejects.toThrow(NotFound);
    });
  });

  describe('Blocking', () => {
    test('ends following both ways, hides each from the other and lets neither follow or act', async () => {
      const [ada, eve] = [await somebody(), await somebody()];
      await follow(ctx, ada.id, eve.id);
      await follow(ctx, eve.id, ada.id);
      const byAda = await buildPost(ctx, ada, { text: `@${eve.username}` });
      const byEve = await buildPost(ctx, eve, { text: `@${ada.username}` });
      await block(ctx, ada.id, eve.id);
      await block(ctx, ada.id, eve.id);
      expect([await counts(ada), await counts(eve)]).toEqual([
        [0, 0, 1],
        [0, 0, 1],
      ]);
      expect(await kinds(ada)).toEqual([]);
      expect(await home(ada)).toEqual([byAda.id]);
      expect(await home(eve)).toEqual([byEve.id]);
      await expect(getVisiblePost(ctx, eve.id, byAda.id)).rejects.toThrow(NotFound);
      await expect(favourite(ctx, eve.id, byAda.id)).rejects.toThrow(NotFound);
      await expect(follow(ctx, eve.id, ada.id)).rejects.toThrow(NotAllowed);
      await expect(follow(ctx, ada.id, eve.id)).rejects.toThrow(NotAllowed);
      for (const [viewer, hidden] of [
        [ada, byEve],
        [eve, byAda],
      ] as const) {
        const listed = await listPublic(ctx.db, viewer.id, 'everywhere', { limit: 10 });
        expect(listed.map(({ id }) => id)).not.toContain(hidden.id);
      }
      await buildPost(ctx, eve, { text: `@${ada.username} again` });
      expect(await kinds(ada)).toEqual([]);
      await unblock(ctx, ada.id, eve.id);
      expect(await follow(ctx, eve.id, ada.id)).toBe('following');
    });
  });

  describe('Acting on a post', () => {
    test('favours it once, and takes it back', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const written = await buildPost(ctx, ada);
      await Promise.all([favourite(ctx, bob.id, written.id), favourite(ctx, bob.id, written.id)]);
      expect((await post(written)).favouritesCount).toBe(1);
      expect(await kinds(ada)).toEqual(['favourite']);
      await unfavourite(ctx, bob.id, written.id);
      await unfavourite(ctx, bob.id, written.id);
      expect((await post(written)).favouritesCount).toBe(0);
      expect(await kinds(ada)).toEqual([]);
    });

    test('reblogs it once to one’s followers, and takes it back', async () => {
      const [ada, bob, cleo] = [await somebody(), await somebody(), await somebody()];
      await follow(ctx, cleo.id, bob.id);
      const written = await buildPost(ctx, ada);
      const shown = await reblog(ctx, bob.id, written.id);
      expect((await reblog(ctx, bob.id, written.id)).id).toBe(shown.id);
      expect(await home(cleo)).toEqual([shown.id]);
      expect((await post(written)).reblogsCount).toBe(1);
      expect(await kinds(ada)).toEqual(['reblog']);
      await favourite(ctx, cleo.id, shown.id);
      expect((await post(written)).favouritesCount).toBe(1);
      await unreblog(ctx, bob.id, written.id);
      expect(await home(cleo)).toEqual([]);
      expect((await post(written)).reblogsCount).toBe(0);
      expect((await counts(bob))[2]).toBe(0);
    });

    test('reblogs nothing that is not for everybody, but one’s own to followers', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      await follow(ctx, bob.id, ada.id);
      const restricted = await buildPost(ctx, ada, { visibility: 'followers' });
      await expect(reblog(ctx, bob.id, restricted.id)).rejects.toThrow(NotAllowed);
      expect((await reblog(ctx, ada.id, restricted.id)).visibility).toBe('followers');
    });

    test('edits it as its author, keeps what it said, and tells who was added', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const written = await buildPost(ctx, ada, { text: 'First' });
      app.clock.advance(1_000);
      const edited = await editPost(ctx, ada.id, written.id, { text: `Second @${bob.username}`, summary: 'Careful' });
      expect(edited).toMatchObject({ source: `Second @${bob.username}`, summary: 'Careful', editedAt: ctx.now() });
      expect((await listEdits(ctx.db, written.id)).map((edit) => edit.source)).toEqual(['First']);
      expect(await kinds(bob)).toEqual(['mention']);
      await expect(editPost(ctx, bob.id, written.id, { text: 'Mine' })).rejects.toThrow(NotAllowed);
    });

    test('pins a few of one’s own', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const written: Post[] = [];
      for (let i = 0; i <= PIN_LIMIT; i++) written.push(await buildPost(ctx, ada));
      for (const each of written.slice(0, PIN_LIMIT)) await pin(ctx, ada.id, each.id);
      await expect(pin(ctx, ada.id, written[PIN_LIMIT]!.id)).rejects.toThrow(Invalid);
      expect(await listPinned(ctx.db, ada.id, ada.id)).toHaveLength(PIN_LIMIT);
      await unpin(ctx, ada.id, written[0]!.id);
      expect(await listPinned(ctx.db, ada.id, ada.id)).toHaveLength(PIN_LIMIT - 1);
      await expect(pin(ctx, bob.id, written[0]!.id)).rejects.toThrow(NotAllowed);
    });

    test('deletes it, with its reblogs, counters and news, once and by its author only', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const parent = await buildPost(ctx, bob);
      const written = await buildPost(ctx, ada, { text: `@${bob.username} hi`, inReplyToId: parent.id });
      await reblog(ctx, bob.id, written.id);
      await favourite(ctx, bob.id, written.id);
      await pin(ctx, ada.id, written.id);
      await expect(deletePost(ctx, bob.id, written.id)).rejects.toThrow(NotAllowed);
      await deletePost(ctx, ada.id, written.id);
      await deletePost(ctx, ada.id, written.id);
      expect(await post(written)).toMatchObject({ html: '', source: undefined, deletedAt: ctx.now() });
      expect((await post(parent)).repliesCount).toBe(0);
      expect([(await counts(ada))[2], (await counts(bob))[2]]).toEqual([0, 1]);
      expect([await kinds(ada), await kinds(bob)]).toEqual([[], []]);
      expect(await listPinned(ctx.db, ada.id, ada.id)).toEqual([]);
      expect(await home(bob)).toEqual([parent.id]);
    });

    test('counts for the original where a reblog of it is named, doing and undoing', async () => {
      const [ada, bob] = [await somebody(), await somebody()];
      const original = await buildPost(ctx, ada);
      const shown = await reblog(ctx, bob.id, original.id);
      await favourite(ctx, ada.id, shown.id);
      await reblog(ctx, ada.id, shown.id);
      expect(await post(original)).toMatchObject({ favouritesCount: 1, reblogsCount: 2 });
      await unfavourite(ctx, ada.id, shown.id);
      await unreblog(ctx, ada.id, shown.id);
      expect(await post(original)).toMatchObject({ favouritesCount: 0, reblogsCount: 1 });
    });

    test('deletes every reblog of it, however many there are', async () => {
      const ada = await somebody();
      const original = await buildPost(ctx, ada);
      const fans: Account[] = [];
      for (let i = 0; i < 210; i++) fans.push(await somebody());
      for (const fan of fans) await reblog(ctx, fan.id, original.id);
      await deletePost(ctx, ada.id, original.id);
      await app.drain();
      const left = await ctx.db.get<{ n: number }>(
        'SELECT count(*) AS n FROM post WHERE reblog_of_id = ? AND deleted_at IS NULL',
        [original.id],
      );
      expect(left).toEqual({ n: 0 });
      for (const fan of fans) expect((await counts(fan))[2]).toBe(0);
    });
  });

  describe('A thread', () => {
    test('has what was answered above and the answers below, each under its own, as the viewer may see', async () => {
      const [ada, bob, eve] = [await somebody(), await somebody(), await somebody()];
      const root = await buildPost(ctx, ada);
      const middle = await buildPost(ctx, bob, { inReplyToId: root.id });
      const one = await buildPost(ctx, ada, { inReplyToId: middle.id });
      const two = await buildPost(ctx, ada, { inReplyToId: middle.id });
      const under = await buildPost(ctx, bob, { inReplyToId: one.id });
      const secret = await buildPost(ctx, ada, {
        inReplyToId: middle.id,
        visibility: 'direct',
        text: `@${bob.username} psst`,
      });
      const shape = async (viewer: number | undefined) => {
        const thread = await readThread(ctx, viewer, middle);
        const idOf = (entry: (typeof thread.ancestors | typeof thread.descendants)[number]) =>
          entry.state === 'shown' ? entry.view.post.id : entry.state;
        return [thread.ancestors.map(idOf), thread.descendants.map((entry) => [idOf(entry), entry.depth])];
      };
      const open = [
        [one.id, 0],
        [under.id, 1],
        [two.id, 0],
      ];
      expect(await shape(undefined)).toEqual([[root.id], open]);
      expect(await shape(eve.id)).toEqual([[root.id], open]);
      expect(await shape(bob.id)).toEqual([[root.id], [...open, [secret.id, 0]]]);
      // A deleted post leaves its place, so that the answers below it stay answers to it.
      await deletePost(ctx, ada.id, one.id);
      expect(await shape(undefined)).toEqual([
        [root.id],
        [
          ['deleted', 0],
          [under.id, 1],
          [two.id, 0],
        ],
      ]);
    });
  });

  describe('Deleting an account', () => {
    test('takes everything of it away, its counters on others included, and never gives its name again', async () => {
      const [ada, bob] = [await someone(), await somebody()];
      const { token } = await signIn(ctx, ada.username, PASSWORD);
      await follow(ctx, ada.id, bob.id);
      await follow(ctx, bob.id, ada.id);
      const byBob = await buildPost(ctx, bob);
      await favourite(ctx, ada.id, byBob.id);
      await reblog(ctx, ada.id, byBob.id);
      const written: Post[] = [];
      for (let i = 0; i < 120; i++) written.push(await buildPost(ctx, ada));
      await deleteAccount(ctx, ada.id);
      await expect(deleteAccount(ctx, ada.id)).rejects.toThrow(NotFound);
      // At once, before the jobs have run.
      expect(await findSignedIn(ctx, token)).toBeUndefined();
      expect(await home(bob)).toEqual([]);
      await expect(readThread(ctx, undefined, written[0]!)).rejects.toThrow(NotFound);
      await app.drain();
      expect(await home(bob)).toEqual([byBob.id]);
      expect(await counts(bob)).toEqual([0, 0, 1]);
      expect(await findAccount(ctx.db, ada.id)).toMatchObject({ postsCount: 0, followersCount: 0, followingCount: 0 });
      expect(await post(byBob)).toMatchObject({ favouritesCount: 0, reblogsCount: 0 });
      expect(await kinds(bob)).toEqual([]);
      expect(
        await listByAccount(ctx.db, undefined, ada.id, { replies: 'with', reblogs: 'with' }, { limit: 5 }),
      ).toEqual([]);
      await expect(buildUser(ctx, ada.username, { email: 'again@mail.example' })).rejects.toThrow(Conflict);
    });

    test('erases in bites, however many follow it or are told of it', async () => {
      const [star, bob] = [await somebody(), await somebody()];
      await followedBy(star, 250);
      await follow(ctx, star.id, bob.id);
      await follow(ctx, bob.id, star.id);
      await inTransaction(ctx, async (tx) => {
        const news = Array.from({ length: 150 }, () => ({
          id: tx.ids.next(),
          accountId: bob.id,
          kind: 'favourite' as const,
          fromAccountId: star.id,
          postId: tx.ids.next(),
          createdAt: tx.now(),
        }));
        await insertNotifications(tx.db, news);
      });
      await deleteAccount(ctx, star.id);
      const left = async () => {
        const row = await ctx.db.get<{ leftOver: number }>(
          `SELECT (SELECT count(*) FROM follow WHERE follower_id = ? OR target_id = ?)
             + (SELECT count(*) FROM notification WHERE account_id = ? OR from_account_id = ?) AS left_over`,
          [star.id, star.id, star.id, star.id],
        );
        return row!.leftOver;
      };
      const all = await left();
      await inTransaction(ctx, (tx) => eraseAccount(tx, star.id));
      expect(await left()).toBe(all - 100);
      await app.drain();
      expect(await left()).toBe(0);
      expect(await counts(bob)).toEqual([0, 0, 0]);
    });

    test('of another server leaves its former handle to whoever has it now', async () => {
      const host = `${dialect}.example`;
      const receive = (path: string) => {
        const uri = `https://${host}/${path}`;
        const profile = { kind: 'person', username: 'ada', host, uri, url: uri } as const;
        return inTransaction(ctx, (tx) => receiveAccount(tx, { profile, keys: [], isHandleConfirmed: true }));
      };
      const former = (await receive('former'))!;
      const present = (await receive('present'))!;
      await deleteAccount(ctx, former.id);
      expect(await receive('former')).toBeUndefined();
      expect(await findAccountByHandle(ctx.db, 'ada', host)).toMatchObject({ id: present.id });
    });
  });
});
