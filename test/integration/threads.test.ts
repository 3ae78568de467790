import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { getAccount } from '#domain/accounts/account-store.ts';
import { type Conversation, listConversations } from '#domain/posts/conversation-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import type { Post } from '#domain/posts/post.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { viewPost } from '#domain/posts/post-view.ts';
import { readThread, type Thread } from '#domain/posts/read-thread.ts';
import { concernOf, type ReceivedPost, receivePost } from '#domain/posts/receive-post.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { readThreadStamp } from '#domain/posts/thread-store.ts';
import { block } from '#domain/relationships/block.ts';
import { follow } from '#domain/relationships/follow.ts';
import { onEachDialect } from '../support/databases.ts';
import { buildRemoteAccount, buildRemotePost, PLAIN_NOTE } from '../support/remote-posts.ts';
import { createTestApp, type TestApp } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

onEachDialect('Threads', (dialect) => {
  let app: TestApp;
  let ctx: Ctx;
  let alice: Account;
  let bob: Account;
  beforeAll(async () => {
    app = await createTestApp({ dialect });
    ctx = app.ctx;
    alice = await buildUser(ctx, 'alice');
    bob = await buildUser(ctx, 'bob');
  });
  afterAll(() => app?.[Symbol.asyncDispose]());

  let names = 0;
  const stranger = (host?: string) =>
    buildRemoteAccount(ctx, `stranger${(names += 1)}`, { ...(host !== undefined && { host }) });

  const received = (author: Account, post: Partial<ReceivedPost> = {}): ReceivedPost => {
    const uri = `${author.uri}/received/${(names += 1)}`;
    return {
      ...PLAIN_NOTE,
      uri,
      url: uri,
      html: '<p>From afar</p>',
      publishedAt: ctx.now(),
      mentions: [],
      addressed: [],
      ...post,
    };
  };

  /** As an inbox keeps them: `posts` by `author`, in one transaction. */
  async function receive(author: Account, posts: readonly Partial<ReceivedPost>[]): Promise<Post[]> {
    const kept: Post[] = [];
    for (let from = 0; from < posts.length; from += 500) {
      await inTransaction(ctx, async (tx) => {
        for (const post of posts.slice(from, from + 500))
          kept.push((await receivePost(tx, author, received(author, post), []))!);
      });
    }
    return kept;
  }

  const times = <T>(n: number, one: (index: number) => T): T[] => Array.from({ length: n }, (_, index) => one(index));
  const shape = (entries: Thread['ancestors'] | Thread['descendants']) =>
    entries.map((entry) => (entry.state === 'shown' ? entry.view.post.id : entry.state));
  const shownIn = (entries: Thread['ancestors'] | Thread['descendants']) =>
    shape(entries).filter((id) => typeof id === 'number');
  const read = (post: Post, { viewer, after }: { viewer?: number; after?: number } = {}) =>
    readThread(ctx, viewer, post, { after });

  /** Everything that links lead to, from a post on. */
  async function readAll(post: Post): Promise<{ ids: Set<number>; pages: number }> {
    const ids = new Set([post.id]);
    const seen = new Set<string>();
    const queue: { post: Post; after?: number }[] = [{ post }];
    for (let next = queue.pop(); next; next = queue.pop()) {
      const key = `${next.post.id} ${next.after}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { descendants, rest } = await read(next.post, next);
      for (const id of shownIn(descendants)) ids.add(id);
      for (const entry of descendants) if (entry.state === 'more' && entry.of) queue.push({ post: entry.of.post });
      if (rest) queue.push({ post: next.post, after: rest.after });
    }
    return { ids, pages: seen.size };
  }

  describe('of any length', () => {
    test('show a hundred answers at once and say how many are left, until all were shown', async () => {
      const post = await buildPost(ctx, alice);
      const answers: number[] = [];
      for (let n = 0; n < 260; n += 1) answers.push((await buildPost(ctx, bob, { inReplyToId: post.id })).id);
      const first = await read(post);
      expect(shape(first.descendants)).toEqual(answers.slice(0, 100));
      expect(first.rest).toEqual({ after: answers[99], count: { n: 160, isExact: true } });
      const second = await read(post, first.rest);
      expect(shape(second.descendants)).toEqual(answers.slice(100, 200));
      const third = await read(post, second.rest);
      expect(shape(third.descendants)).toEqual(answers.slice(200));
      expect(third.rest).toBeUndefined();
      // What is no answer to it is no place to begin at.
      expect(shape((await read(post, { after: alice.id })).descendants)).toEqual(answers.slice(0, 100));
    });

    test('show the beginning of a long line of answers and its nearest ones, and from the beginning all of it', async () => {
      const line = [await buildPost(ctx, alice)];
      for (let n = 0; n < 70; n += 1)
        line.push(await buildPost(ctx, n % 2 === 0 ? bob : alice, { inReplyToId: line.at(-1)!.id }));
      const ids = line.map((post) => post.id);
      const { ancestors } = await read(line.at(-1)!);
      expect(shape(ancestors)).toEqual([ids[0], 'gap', ...ids.slice(21, 70)]);
      expect(ancestors[1]).toEqual({ state: 'gap', count: { n: 20, isExact: true } });
      expect(shape((await read(line[21]!)).ancestors)).toEqual(ids.slice(0, 21));
      const whole = await read(line[0]!);
      expect(shape(whole.descendants)).toEqual(ids.slice(1));
      expect(whole.descendants.map(({ depth }) => depth)).toEqual(times(70, (n) => n));
    });

    test('of 2,100 posts show above a new answer what it answers, and all of them somewhere', async () => {
      const post = await buildPost(ctx, alice);
      const people = await Promise.all(times(30, () => stranger()));
      const answers: Post[] = [];
      for (const person of people)
        answers.push(
          ...(await receive(
            person,
            times(69, () => ({ inReplyToUri: post.uri })),
          )),
        );
      const late = await buildPost(ctx, bob, { inReplyToId: post.id });
      const later = await buildPost(ctx, alice, { inReplyToId: late.id });
      expect(shape((await read(later)).ancestors)).toEqual([post.id, late.id]);
      const { descendants, rest } = await read(post);
      // Those of people here come first.
      expect(shape(descendants)).toEqual(expect.arrayContaining([late.id, later.id]));
      expect(rest?.count).toEqual({ n: 1_000, isExact: false });
      const { ids, pages } = await readAll(post);
      expect(ids).toEqual(new Set([post.id, late.id, later.id, ...answers.map(({ id }) => id)]));
      expect(pages).toBeLessThan(60);
    });
  });

  describe('where strangers answer', () => {
    test('hide nobody behind a stranger’s hundreds of answers from before the question', async () => {
      const post = await buildPost(ctx, alice);
      const [mallory, honest] = [await stranger(), await stranger()];
      const publishedAt = Date.UTC(2001, 1, 3);
      const flood = await receive(
        mallory,
        times(600, () => ({ inReplyToUri: post.uri, publishedAt })),
      );
      const [answer] = await receive(honest, [{ inReplyToUri: post.uri }]);
      const own = await buildPost(ctx, bob, { inReplyToId: post.id });
      // Nothing came before what it answers.
      expect(flood.every((one) => one.publishedAt >= post.publishedAt && one.id > post.id)).toBe(true);
      const { descendants, rest } = await read(post);
      const shown = shownIn(descendants);
      expect(shown).toEqual(expect.arrayContaining([answer!.id, own.id]));
      expect(shown.filter((id) => flood.some((one) => one.id === id))).toHaveLength(50);
      expect(rest?.count).toEqual({ n: 550, isExact: true });
      expect(shape((await read(answer!)).ancestors)).toEqual([post.id]);
      expect((await readAll(post)).ids.size).toBe(603);
    });

    test('hide nobody behind the thicket of answers that a stranger grows under one of them', async () => {
      const post = await buildPost(ctx, alice);
      const mallory = await stranger();
      const [root] = await receive(mallory, [{ inReplyToUri: post.uri }]);
      const thicket = [root!];
      for (let n = 0; n < 600; n += 1)
        thicket.push(
          ...(await receive(
            mallory,
            times(2, () => ({ inReplyToUri: thicket[n]!.uri })),
          )),
        );
      const answers: number[] = [];
      for (const person of await Promise.all(times(30, () => stranger()))) {
        const [answer] = await receive(person, [{ inReplyToUri: post.uri }]);
        answers.push(answer!.id, (await buildPost(ctx, alice, { inReplyToId: answer!.id })).id);
      }
      const guest = await stranger();
      const [line] = await receive(guest, [{ inReplyToUri: post.uri }]);
      for (let next = line!, n = 0; n < 6; n += 1) {
        const reply = await buildPost(ctx, alice, { inReplyToId: next.id });
        answers.push(next.id, reply.id);
        [next] = (await receive(guest, [{ inReplyToUri: reply.uri }])) as [Post];
        if (n === 5) answers.push(next.id);
      }
      const { descendants } = await read(post);
      const shown = shownIn(descendants);
      expect(shown).toEqual(expect.arrayContaining(answers));
      expect(shown.filter((id) => thicket.some((one) => one.id === id)).length).toBeLessThanOrEqual(50);
      expect(descendants.some(({ state }) => state === 'more')).toBe(true);
      expect((await readAll(post)).ids.size).toBe(1 + thicket.length + answers.length);
    });

    test('give whom somebody here follows as much room as people here', async () => {
      const post = await buildPost(ctx, alice);
      const [mallory, carol] = [await stranger(), await stranger()];
      await inTransaction(ctx, (tx) => follow(tx, bob.id, carol.id));
      await inTransaction(ctx, (tx) =>
        tx.db.run('UPDATE follow SET accepted = 1 WHERE follower_id = ? AND target_id = ?', [bob.id, carol.id]),
      );
      await receive(
        mallory,
        times(60, () => ({ inReplyToUri: post.uri })),
      );
      const hers = await receive(
        carol,
        times(60, () => ({ inReplyToUri: post.uri })),
      );
      const shown = shownIn((await read(post)).descendants);
      expect(shown).toEqual(expect.arrayContaining(hers.map(({ id }) => id)));
      expect(shown).toHaveLength(100);
    });

    test('find room for all that come from one moment, whatever is published in the next', async () => {
      app.clock.advance(10_000);
      const post = await buildPost(ctx, alice);
      for (let n = 0; n < 3; n += 1) {
        app.clock.advance(1);
        await buildPost(ctx, bob);
      }
      app.clock.advance(60_000);
      const mallory = await stranger();
      const answers = await receive(
        mallory,
        times(300, () => ({ inReplyToUri: post.uri, publishedAt: 0 })),
      );
      expect(new Set(answers.map(({ id }) => id)).size).toBe(300);
      expect(answers.every(({ publishedAt }) => publishedAt === post.publishedAt)).toBe(true);
    });

    test('go round in no circle', async () => {
      const mallory = await stranger();
      const [one, two] = ['one', 'two'].map((name) => `${mallory.uri}/circle/${name}`);
      const [first] = await receive(mallory, [{ uri: one!, inReplyToUri: two! }]);
      const [second] = await receive(mallory, [{ uri: two!, inReplyToUri: one! }]);
      await app.drain();
      expect(await findPost(ctx.db, first!.id)).toMatchObject({ inReplyToId: undefined });
      expect(shape((await read((await findPost(ctx.db, first!.id))!)).descendants)).toEqual([second!.id]);
      // As it might stand in a database from elsewhere.
      await inTransaction(ctx, (tx) =>
        tx.db.run('UPDATE post SET in_reply_to_id = ? WHERE id = ?', [second!.id, first!.id]),
      );
      for (const post of [first!, second!]) {
        const { ancestors, descendants } = await read((await findPost(ctx.db, post.id))!);
        expect([...shape(ancestors), ...shape(descendants)]).toHaveLength(2);
      }
    });
  });

  describe('with posts that are not shown', () => {
    test('keep the place of a deleted one while something stands below it, without its author', async () => {
      const post = await buildPost(ctx, alice);
      const gone = await buildPost(ctx, bob, { inReplyToId: post.id });
      const below = await buildPost(ctx, alice, { inReplyToId: gone.id });
      const leaf = await buildPost(ctx, bob, { inReplyToId: post.id });
      for (const { id } of [gone, leaf]) await deletePost(ctx, bob.id, id);
      const { descendants } = await read(post);
      expect(descendants.map((entry) => [entry.state, entry.depth])).toEqual([
        ['deleted', 0],
        ['shown', 1],
      ]);
      expect(Object.keys(descendants[0]!)).toEqual(['state', 'depth']);
      expect(shape((await read(below)).ancestors)).toEqual([post.id, 'deleted']);
      await deletePost(ctx, alice.id, below.id);
      expect((await read(post)).descendants).toEqual([]);
    });

    test('keep the place of one that is not for the viewer, deleted or not', async () => {
      const post = await buildPost(ctx, alice);
      const carol = await stranger();
      const [secret] = await receive(carol, [{ inReplyToUri: post.uri, visibility: 'followers' }]);
      const [below] = await receive(carol, [{ inReplyToUri: secret!.uri }]);
      const entries = async (viewer?: number) => shape((await readThread(ctx, viewer, post)).descendants);
      expect(await entries()).toEqual(['hidden', below!.id]);
      expect(await entries(carol.id)).toEqual([secret!.id, below!.id]);
      expect(shape((await read(below!)).ancestors)).toEqual([post.id, 'hidden']);
      await deletePost(ctx, carol.id, secret!.id);
      expect(await entries()).toEqual(['hidden', below!.id]);
      expect(await entries(carol.id)).toEqual(['deleted', below!.id]);
    });

    test('say that there is more where too much is not shown to read on', async () => {
      const post = await buildPost(ctx, alice);
      const mallory = await stranger();
      let parent = post;
      for (let n = 0; n < 520; n += 1) [parent] = (await receive(mallory, [{ inReplyToUri: parent.uri }])) as [Post];
      await inTransaction(ctx, (tx) =>
        tx.db.run('UPDATE post SET deleted_at = 1 WHERE account_id = ? AND id <> ?', [mallory.id, parent.id]),
      );
      expect((await read(post)).descendants).toEqual([{ state: 'more', depth: 0, of: undefined }]);
      expect(shape((await read(parent)).ancestors).slice(0, 3)).toEqual([post.id, 'gap', 'deleted']);
    });

    test('say that something was answered that is not known here', async () => {
      const carol = await stranger();
      const [orphan] = await receive(carol, [{ inReplyToUri: 'https://elsewhere.example/1' }]);
      const answer = await buildPost(ctx, alice, { inReplyToId: orphan!.id });
      expect(shape((await read(orphan!)).ancestors)).toEqual(['hidden']);
      expect(shape((await read(answer)).ancestors)).toEqual(['hidden', orphan!.id]);
    });
  });

  describe('with posts for few', () => {
    test('are no place for strangers: neither below them nor in a conversation, and nothing tells that they exist', async () => {
      const secret = await buildPost(ctx, alice, { visibility: 'followers' });
      const message = await buildPost(ctx, alice, { text: '@bob our secret', visibility: 'direct' });
      const mallory = await stranger();
      const conversations = await listConversations(ctx.db, alice.id, 10);
      for (const { uri } of [secret, message]) {
        const isRelevant = async (inReplyToUri: string) =>
          (await concernOf(ctx.db, mallory, received(mallory, { inReplyToUri }))).isRelevant;
        expect(await isRelevant(uri)).toBe(await isRelevant(`${uri}0`));
        const [answer] = await receive(mallory, [{ inReplyToUri: uri }]);
        expect(answer).toMatchObject({ inReplyToId: undefined, inReplyToAccountId: undefined, threadId: answer!.id });
        expect(shape((await read(answer!, { viewer: alice.id })).ancestors)).toEqual(['hidden']);
      }
      const [direct] = await inTransaction(ctx, async (tx) => [
        await receivePost(tx, mallory, received(mallory, { inReplyToUri: message.uri, visibility: 'direct' }), [
          alice.id,
        ]),
      ]);
      expect(shape((await read(message, { viewer: alice.id })).descendants)).toEqual([]);
      expect((await findPost(ctx.db, secret.id))!.repliesCount).toBe(0);
      // What Mallory says is a conversation of its own.
      const inOrder = (rows: readonly Conversation[]) => rows.toSorted((a, b) => a.conversationId - b.conversationId);
      expect(inOrder(await listConversations(ctx.db, alice.id, 10))).toEqual(
        inOrder([{ conversationId: direct!.id, lastPostId: direct!.id, unread: true }, ...conversations]),
      );
    });

    test('are answered by whoever may see them', async () => {
      const message = await buildPost(ctx, alice, { text: '@bob psst', visibility: 'direct' });
      const carol = await stranger();
      const answer = await buildPost(ctx, bob, { text: '@alice yes?', inReplyToId: message.id });
      expect(answer).toMatchObject({ inReplyToId: message.id, threadId: message.threadId });
      await inTransaction(ctx, (tx) =>
        tx.db.run('INSERT INTO mention (post_id, account_id) VALUES (?, ?)', [message.id, carol.id]),
      );
      const [hers] = await receive(carol, [{ inReplyToUri: message.uri, visibility: 'direct' }]);
      expect(hers).toMatchObject({ inReplyToId: message.id });
    });

    test('of another server are answered by its own people, whose follows we do not know, and by no strangers', async () => {
      const [one, neighbour, other] = [await stranger('far.example'), await stranger('far.example'), await stranger()];
      const [secret] = await receive(one, [{ visibility: 'followers' }]);
      const answers = [neighbour, other].map(
        async (author) => (await receive(author, [{ inReplyToUri: secret!.uri }]))[0],
      );
      expect((await Promise.all(answers)).map((answer) => answer!.inReplyToId)).toEqual([secret!.id, undefined]);
    });

    test('are not answered by whom their author blocks, nor open ones', async () => {
      const post = await buildPost(ctx, alice);
      const mallory = await stranger();
      await block(ctx, alice.id, mallory.id);
      const [answer] = await receive(mallory, [{ inReplyToUri: post.uri }]);
      expect(answer!.inReplyToId).toBeUndefined();
    });

    test('take in what came before them from those who may see them, and go on behind the others', async () => {
      const author = await stranger('far.example');
      const [neighbour, other] = [await stranger('far.example'), await stranger()];
      const uri = `${author.uri}/late`;
      await receive(
        other,
        times(60, () => ({ inReplyToUri: uri })),
      );
      const tied = await receive(
        neighbour,
        times(60, () => ({ inReplyToUri: uri })),
      );
      const [late] = await receive(author, [{ uri, visibility: 'followers' }]);
      await app.drain();
      const rows = await ctx.db.all<{ id: number }>('SELECT id FROM post WHERE in_reply_to_id = ? ORDER BY id', [
        late!.id,
      ]);
      expect(rows.map(({ id }) => id)).toEqual(tied.map(({ id }) => id));
      expect((await findPost(ctx.db, late!.id))!.repliesCount).toBe(60);
    });

    test('change the page they are on when they come before it, with what everybody may see below them', async () => {
      const [author, other] = [await stranger('far.example'), await stranger()];
      const uri = `${author.uri}/open`;
      const question = await buildPost(ctx, alice);
      for (let n = 0; n < 20; n += 1) await buildPost(ctx, bob, { inReplyToId: question.id });
      await receive(
        other,
        times(50, () => ({ inReplyToUri: uri })),
      );
      // Behind what is taken in at once.
      const [secret] = await receive(author, [{ inReplyToUri: uri, visibility: 'followers' }]);
      const [below] = await receive(author, [{ inReplyToUri: secret!.uri }]);
      const [late] = await receive(author, [{ uri, inReplyToUri: question.uri }]);
      const stamp = await readThreadStamp(ctx.db, question.id);
      expect(shape((await read(late!)).descendants)).not.toContain(below!.id);
      await app.drain();
      expect(shape((await read(late!)).descendants)).toContain(below!.id);
      expect((await findPost(ctx.db, late!.id))!.repliesCount).toBe(50);
      expect(await readThreadStamp(ctx.db, question.id)).not.toBe(stamp);
    });

    test('are linked from their answers for those only who may see them', async () => {
      const secret = await buildPost(ctx, alice, { visibility: 'followers' });
      await follow(ctx, bob.id, alice.id);
      // An answer to a post for few is for few; as people elsewhere may answer in public:
      const carol = await stranger();
      const [answer] = await receive(carol, [{ inReplyToUri: secret.uri }]);
      await inTransaction(ctx, (tx) =>
        tx.db.run('UPDATE post SET in_reply_to_id = ?, in_reply_to_account_id = ? WHERE id = ?', [
          secret.id,
          alice.id,
          answer!.id,
        ]),
      );
      const post = (await findPost(ctx.db, answer!.id))!;
      const parentFor = async (viewer?: number) => (await viewPost(ctx, viewer, post))!.inReplyTo?.id;
      expect(await parentFor()).toBeUndefined();
      expect(await parentFor(carol.id)).toBeUndefined();
      expect(await parentFor(bob.id)).toBe(secret.id);
      await deletePost(ctx, alice.id, secret.id);
      expect(await parentFor(bob.id)).toBeUndefined();
    });

    test('leave the time of the last post as it was', async () => {
      const carol = await buildUser(ctx, `carol${dialect}`);
      const post = await buildPost(ctx, carol);
      app.clock.advance(60_000);
      const secret = await buildPost(ctx, carol, { visibility: 'followers' });
      await reblog(ctx, carol.id, secret.id);
      await buildPost(ctx, carol, { text: '@bob', visibility: 'direct' });
      expect((await getAccount(ctx.db, carol.id)).lastPostAt).toBe(post.publishedAt);
      const next = await buildPost(ctx, carol, { visibility: 'unlisted' });
      expect((await getAccount(ctx.db, carol.id)).lastPostAt).toBe(next.publishedAt);
    });
  });

  test('An edit leaves alone what it does not name, and counts the warning that stays', async () => {
    const post = await buildPost(ctx, alice, { text: 'One', summary: 'Spoilers', sensitive: true, language: 'fr' });
    const kept = { summary: 'Spoilers', sensitive: true, language: 'fr' };
    expect(await editPost(ctx, alice.id, post.id, { text: 'Two' })).toMatchObject({ source: 'Two', ...kept });
    expect(await findPost(ctx.db, post.id)).toMatchObject(kept);
    await expect(editPost(ctx, alice.id, post.id, { text: 'x'.repeat(4_995) })).rejects.toThrow('5000');
    await editPost(ctx, alice.id, post.id, { text: 'Three', summary: '', sensitive: false });
    expect(await findPost(ctx.db, post.id)).toMatchObject({ summary: '', sensitive: false });
  });

  test('What everybody sees is linked from its answers', async () => {
    const post = await buildPost(ctx, alice);
    const carol = await stranger();
    const answer = await buildRemotePost(ctx, carol, { inReplyToUri: post.uri });
    expect((await viewPost(ctx, undefined, answer))!.inReplyTo).toMatchObject({
      id: post.id,
      account: { id: alice.id },
    });
  });
});
