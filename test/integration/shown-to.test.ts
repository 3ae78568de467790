import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { block, unblock } from '#domain/relationships/block.ts';
import { acceptFollow, follow } from '#domain/relationships/follow.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { blockDomain, unblockDomain } from '#domain/instance/domain-block.ts';
import { findPost } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import { readThread } from '#domain/posts/read-thread.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { homeTimeline } from '#domain/timelines/home.ts';
import { listByAccount, listByHashtag, listPinned, listPublic } from '#domain/timelines/timeline-store.ts';
import * as timelines from '#domain/timelines/timeline-store.ts';
import { pin } from '#domain/posts/pin.ts';
import { openDoor } from '../support/ask.ts';
import { onEachDialect } from '../support/databases.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import { PUBLIC } from '../support/remote-actor.ts';
import { buildPost, buildUser } from '../support/world.ts';

onEachDialect('Who is shown what', (dialect) => {
  let world: InboxWorld;
  let ctx: Ctx;
  /** Reads; writes; answers the writer and is answered by her; shows everything on. */
  let reader: Account;
  let other: Account;
  let friend: Account;
  let question: Post;
  let answer: Post;

  beforeAll(async () => {
    world = await createInboxWorld({ dialect });
    ctx = world.app.ctx;
    reader = await buildUser(ctx, 'reader');
    other = await buildUser(ctx, 'other');
    friend = await buildUser(ctx, 'friend');
    await befriend();
    question = await buildPost(ctx, friend, { text: 'What of #paving?' });
    answer = await buildPost(ctx, other, { text: 'An opinion on #paving', inReplyToId: question.id });
    await buildPost(ctx, friend, { text: 'Thank you for it', inReplyToId: answer.id });
    await reblog(ctx, friend.id, answer.id);
    await pin(ctx, other.id, answer.id);
    await world.app.drain();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  async function befriend() {
    for (const target of [friend, other]) {
      await follow(ctx, reader.id, target.id);
      if (!(await findFollow(ctx.db, reader.id, target.id))?.accepted) await acceptFollow(ctx, target.id, reader.id);
    }
  }

  const page = { limit: 40 };
  const view = async (posts: Promise<Post[]>) => viewPosts(ctx, reader.id, await posts);
  const inThread = async (post: Post): Promise<PostView[]> => {
    const {
      ancestors,
      post: shown,
      descendants,
    } = await readThread(ctx, reader.id, (await findPost(ctx.db, post.id))!);
    return [...ancestors, ...descendants]
      .flatMap((entry) => (entry.state === 'shown' ? [entry.view] : []))
      .concat(shown);
  };

  /** Every list of posts that there is, but for those that one asks for by the name of the account. */
  const lists: Record<string, () => Promise<PostView[]>> = {
    listHome: () => homeTimeline(ctx, reader.id, page),
    listPublic: () => view(listPublic(ctx.db, reader.id, 'everywhere', page)),
    listByHashtag: () => view(listByHashtag(ctx.db, reader.id, 'paving', page)),
    'listByAccount (of a friend)': () =>
      view(listByAccount(ctx.db, reader.id, friend.id, { replies: 'with', reblogs: 'with' }, page)),
    'thread (from its beginning)': () => inThread(question),
  };
  const byOther = (views: readonly PostView[]) =>
    views.filter((shown) => (shown.reblogOf ?? shown).account.id === other.id).length;
  const linksToOther = (views: readonly PostView[]) =>
    views.filter((shown) => (shown.reblogOf ?? shown).inReplyTo?.account.id === other.id).length;

  test('every list of the store is tried here', () => {
    const tried = Object.keys(lists).map((name) => name.split(' ')[0]!);
    for (const name of Object.keys(timelines).filter((each) => each.startsWith('list') && each !== 'listPinned'))
      expect(tried).toContain(name);
  });

  describe.each(Object.keys(lists))('%s', (name) => {
    test('shows the posts of somebody as long as nobody blocks anybody', async () => {
      expect(byOther(await lists[name]!())).toBeGreaterThan(0);
    });

    test.each([
      ['whom the reader blocks', () => [reader, other]],
      ['who blocks the reader', () => [other, reader]],
    ] as const)('shows nothing of somebody %s', async (_who, pair) => {
      const [from, to] = pair() as [Account, Account];
      await block(ctx, from.id, to.id);
      try {
        const views = await lists[name]!();
        expect(byOther(views)).toBe(0);
        expect(linksToOther(views)).toBe(0);
      } finally {
        await unblock(ctx, from.id, to.id);
        await befriend();
      }
    });
  });

  test('whom the reader blocks is still shown where the reader asks for them, and for nobody else the less', async () => {
    await block(ctx, reader.id, other.id);
    expect((await inThread(answer)).map(({ post }) => post.id)).toContain(answer.id);
    expect((await listPinned(ctx.db, reader.id, other.id)).map(({ id }) => id)).toEqual([answer.id]);
    const { descendants } = await readThread(ctx, friend.id, (await findPost(ctx.db, question.id))!);
    expect(descendants.map(({ state }) => state)).toEqual(['shown', 'shown']);
    await unblock(ctx, reader.id, other.id);
    await befriend();
  });

  test('what is of a blocked domain is not brought back by those who show it on', async () => {
    const eve = world.actor('eve@social.far.example');
    await world.befriend(reader, eve);
    const note = eve.note({ content: 'From afar', to: PUBLIC });
    await world.deliver(eve, eve.activity('Create', note, { to: PUBLIC }));
    const { id } = (await ctx.db.get<{ id: number }>('SELECT id FROM post WHERE uri = ?', [note.id]))!;
    await reblog(ctx, friend.id, id);
    await world.app.drain();
    const reblogsOfEve = async (list: () => Promise<PostView[]>) =>
      (await list()).filter((shown) => shown.reblogOf?.account.host === 'social.far.example').length;
    const places = [lists['listHome']!, lists['listByAccount (of a friend)']!];
    for (const list of places) expect(await reblogsOfEve(list)).toBe(1);
    // Kept from before the block, what everybody may read must not outlive it.
    const ask = await openDoor(world.app);
    const announced = async () =>
      (await ask(`/users/${friend.id}/outbox?cursor=first`)).text.includes('social.far.example');
    expect(await announced()).toBe(true);

    await blockDomain(ctx, 'far.example');
    for (const list of places) expect(await reblogsOfEve(list)).toBe(0);
    expect(await announced()).toBe(false);
    await expect(reblog(ctx, other.id, id)).rejects.toThrow('Post');
    await unblockDomain(ctx, 'far.example');
    for (const list of places) expect(await reblogsOfEve(list)).toBe(1);
  });
});
