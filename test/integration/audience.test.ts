import { expect, test } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import { getAccount } from '#domain/accounts/account-store.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost, replaceContents } from '#domain/posts/edit-post.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { hasFormerMentions } from '#domain/posts/mention-store.ts';
import { pin, unpin } from '#domain/posts/pin.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import type { Visibility } from '#domain/posts/post.ts';
import { publish } from '#domain/posts/publish.ts';
import { receiveReblog, reblog, unreblog } from '#domain/posts/reblog.ts';
import { block, unblock } from '#domain/relationships/block.ts';
import { acceptFollow, follow, rejectFollow, unfollow } from '#domain/relationships/follow.ts';
import { onEachDialect } from '../support/databases.ts';
import { buildKnownAccount, buildRemoteFollower } from '../support/remote-followers.ts';
import { createTestApp, type TestApp, type TestDialect } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

type Activity = Record<string, unknown> & { type: string; object: unknown };

/** A server with alice, two followers of hers on one host, one on another, and a stranger. */
async function createWorld(dialect: TestDialect) {
  const app = await createTestApp({ dialect });
  for (const host of ['one.example', 'two.example', 'three.example', 'four.example', 'five.example']) {
    app.remote.serve(`https://${host}/`, { status: 404 });
  }
  const { ctx } = app;
  const alice = await buildUser(ctx, 'alice');
  const ben = await buildRemoteFollower(ctx, 'ben@one.example', alice);
  const bea = await buildRemoteFollower(ctx, 'bea@one.example', alice);
  const carl = await buildRemoteFollower(ctx, 'carl@two.example', alice, { sharedInbox: undefined });
  const dora = await buildKnownAccount(ctx, 'dora@three.example');
  await told(app);
  return { app, ctx, alice, ben, bea, carl, dora };
}

/** Who was told what since it was last asked: `type inbox`, sorted. */
async function told(app: TestApp): Promise<string[]> {
  return (await sent(app)).map(({ inbox, activity }) => `${activity.type} ${inbox}`).sort();
}

const seen = new WeakMap<TestApp, number>();

async function sent(app: TestApp): Promise<{ inbox: string; activity: Activity }[]> {
  await app.drain();
  const posts = app.remote.posts.slice(seen.get(app) ?? 0);
  seen.set(app, app.remote.posts.length);
  return posts.map((post) => ({ inbox: post.url, activity: JSON.parse(post.body) as Activity }));
}

/** Where an account hears of a post: at its own inbox where that is for few by name, at its server's otherwise. */
function inboxAt(host: string, username: string, visibility: Visibility): string {
  return visibility === 'direct' ? `https://${host}/users/${username}/inbox` : `https://${host}/inbox`;
}

/** A post of a remote account, as if it had been received. */
async function buildRemotePost(
  ctx: Ctx,
  accountId: number,
  visibility: 'public' | 'followers' = 'public',
  inReplyToUri?: string,
) {
  const { storePost } = await import('#domain/posts/store-post.ts');
  return inTransaction(ctx, async (tx) => {
    const author = await getAccount(tx.db, accountId);
    const id = tx.ids.next();
    const uri = `${author.uri}/posts/${id}`;
    const contents = {
      title: '',
      html: '<p>Hi</p>',
      source: undefined,
      summary: '',
      sensitive: false,
      language: undefined,
    };
    const post = await storePost(tx, author, {
      ...contents,
      id,
      accountId,
      kind: 'note',
      uri,
      url: uri,
      visibility,
      emojis: [],
      attachments: [],
      publishedAt: tx.now(),
      inReplyToUri,
      mentionedIds: [],
      hashtags: [],
    });
    return post!;
  });
}

onEachDialect('Who is told', (dialect) => {
  test('a public post goes once to each server of followers, and to those it names', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    await buildPost(ctx, alice, { text: 'Hello @dora@three.example' });
    expect(await told(app)).toEqual([
      'Create https://one.example/inbox',
      'Create https://three.example/inbox',
      'Create https://two.example/users/carl/inbox',
    ]);
  });

  test('a post to followers goes to them and to those it names; an answer to the public goes to whom it answers', async () => {
    const { app, ctx, alice, dora } = await createWorld(dialect);
    await using _ = app;
    await buildPost(ctx, alice, { visibility: 'followers' });
    expect(await told(app)).toEqual([
      'Create https://one.example/inbox',
      'Create https://two.example/users/carl/inbox',
    ]);
    const question = await buildRemotePost(ctx, dora.id);
    await buildPost(ctx, alice, { inReplyToId: question.id });
    expect(await told(app)).toContain('Create https://three.example/inbox');
    await buildPost(ctx, alice, { inReplyToId: question.id, visibility: 'followers' });
    expect(await told(app)).not.toContain('Create https://three.example/inbox');
  });

  test('a direct message goes to the personal inboxes of those it names, and to nobody else', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice, {
      text: '@dora@three.example @bea@one.example secret',
      visibility: 'direct',
    });
    expect(await told(app)).toEqual([
      'Create https://one.example/users/bea/inbox',
      'Create https://three.example/users/dora/inbox',
    ]);
    await deletePost(ctx, alice.id, post.id);
    expect(await told(app)).toEqual([
      'Delete https://one.example/users/bea/inbox',
      'Delete https://three.example/users/dora/inbox',
    ]);
  });

  test('nobody is told by local accounts to local accounts', async () => {
    await using app = await createTestApp({ dialect });
    const alice = await buildUser(app.ctx, 'alice');
    const bob = await buildUser(app.ctx, 'bob');
    await follow(app.ctx, bob.id, alice.id);
    const post = await buildPost(app.ctx, alice, { text: 'Hello @bob' });
    await favourite(app.ctx, bob.id, post.id);
    expect(await told(app)).toEqual([]);
    expect(await app.ctx.db.all('SELECT id FROM delivery_body')).toEqual([]);
  });

  test('blocked accounts and blocked domains hear nothing of posts', async () => {
    const { app, ctx, alice, ben } = await createWorld(dialect);
    await using _ = app;
    await block(ctx, alice.id, ben.id);
    expect(await told(app)).toEqual(['Block https://one.example/users/ben/inbox']);
    await buildPost(ctx, alice, { text: '@ben@one.example hello', visibility: 'direct' });
    expect(await told(app)).toEqual([]);
    await unblock(ctx, alice.id, ben.id);
    expect(await told(app)).toEqual(['Undo https://one.example/users/ben/inbox']);
    await inTransaction(ctx, async (tx) => {
      await tx.db.run("INSERT INTO domain_block (host, created_at) VALUES ('two.example', 0)");
    });
    await ctx.blockedHosts.refresh();
    await buildPost(ctx, alice);
    expect(await told(app)).toEqual(['Create https://one.example/inbox']);
  });

  test('edits and deletions reach everybody who may hold a copy', async () => {
    const { app, ctx, alice, dora } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice);
    await told(app);
    const shown = { uri: 'https://three.example/boosts/1', visibility: 'public', publishedAt: ctx.now() } as const;
    await inTransaction(ctx, (tx) => receiveReblog(tx, dora.id, post.id, shown));
    const replier = await buildKnownAccount(ctx, 'eve@four.example');
    await buildRemotePost(ctx, replier.id, 'public', post.uri);
    const liker = await buildKnownAccount(ctx, 'fred@five.example');
    await favourite(ctx, liker.id, post.id, 'https://five.example/likes/1');
    const everybody = [
      'five.example/inbox',
      'four.example/inbox',
      'one.example/inbox',
      'three.example/inbox',
      'two.example/users/carl/inbox',
    ];
    await editPost(ctx, alice.id, post.id, { text: 'Better' });
    expect(await told(app)).toEqual(everybody.map((inbox) => `Update https://${inbox}`));
    await deletePost(ctx, alice.id, post.id);
    const deletions = await sent(app);
    expect(deletions.map(({ inbox }) => inbox).sort()).toEqual(everybody.map((inbox) => `https://${inbox}`));
    expect(deletions[0]!.activity.object).toMatchObject({ id: post.uri, type: 'Tombstone' });
  });

  test('the new text of a post to followers reaches nobody who may not see it, however they got near it', async () => {
    const { app, ctx, alice, ben, dora } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice, { text: 'First @dora@three.example', visibility: 'followers' });
    const stranger = await buildKnownAccount(ctx, 'mallory@four.example');
    // Tied to a post that its author may not see.
    const answer = await buildRemotePost(ctx, stranger.id, 'public', post.uri);
    await inTransaction(ctx, (tx) =>
      tx.db.run('UPDATE post SET in_reply_to_id = ?, in_reply_to_account_id = ? WHERE id = ?', [
        post.id,
        alice.id,
        answer.id,
      ]),
    );
    const former = await buildRemoteFollower(ctx, 'fred@five.example', alice);
    await favourite(ctx, former.id, post.id, 'https://five.example/likes/1');
    await unfollow(ctx, former.id, alice.id);
    await block(ctx, alice.id, ben.id);
    await told(app);
    await editPost(ctx, alice.id, post.id, { text: 'Second, for followers' });
    // The server of ben has another follower, bea; dora is not named any more.
    expect(await told(app)).toEqual([
      'Update https://one.example/inbox',
      'Update https://two.example/users/carl/inbox',
    ]);
    await editPost(ctx, alice.id, post.id, { text: 'Third @dora@three.example' });
    await block(ctx, alice.id, dora.id);
    await told(app);
    await editPost(ctx, alice.id, post.id, { text: 'Fourth @dora@three.example' });
    expect(await told(app)).not.toContain('Update https://three.example/inbox');
    await deletePost(ctx, alice.id, post.id);
    const deletions = await sent(app);
    expect(deletions.map(({ inbox }) => new URL(inbox).host)).toContain('four.example');
    expect(JSON.stringify(deletions)).not.toContain('dora@');
    expect(JSON.stringify(deletions)).not.toContain('/users/dora"');
  });

  test('whom the author blocks gets no edit, and the deletion all the same', async () => {
    const { app, ctx, alice, dora } = await createWorld(dialect);
    await using _ = app;
    const post = await buildPost(ctx, alice, { text: 'Hello @dora@three.example' });
    await block(ctx, alice.id, dora.id);
    await told(app);
    await editPost(ctx, alice.id, post.id, { text: 'Hello again @dora@three.example' });
    expect(await told(app)).not.toContain('Update https://three.example/inbox');
    await deletePost(ctx, alice.id, post.id);
    expect(await told(app)).toContain('Delete https://three.example/inbox');
  });

  test.each(['public', 'unlisted', 'followers', 'direct'] as const)(
    'whom edits of a %s post name no more hear that it is gone, and of its new text only where everybody may read it',
    async (visibility) => {
      const { app, ctx, alice, dora } = await createWorld(dialect);
      await using _ = app;
      const isOpen = visibility === 'public' || visibility === 'unlisted';
      const post = await buildPost(ctx, alice, { text: 'First @dora@three.example', visibility });
      expect(await told(app)).toContain(`Create ${inboxAt('three.example', 'dora', visibility)}`);
      await buildKnownAccount(ctx, 'eve@four.example');
      for (const text of ['Second @eve@four.example', 'Third @eve@four.example']) {
        await editPost(ctx, alice.id, post.id, { text });
        const updates = await sent(app);
        expect(updates.some(({ inbox }) => inbox.includes('three.example'))).toBe(isOpen);
        expect(updates.map(({ inbox }) => inbox)).toContain(inboxAt('four.example', 'eve', visibility));
        expect(JSON.stringify(updates.map(({ activity }) => activity))).not.toContain('dora');
      }
      expect(await canSee(ctx.db, dora.id, post)).toBe(isOpen);
      await deletePost(ctx, alice.id, post.id);
      expect(await canSee(ctx.db, dora.id, post)).toBe(isOpen);
      const deletions = await sent(app);
      for (const inbox of [inboxAt('three.example', 'dora', visibility), inboxAt('four.example', 'eve', visibility)])
        expect(deletions.filter((deletion) => deletion.inbox === inbox)).toHaveLength(1);
      // To whom the post was addressed after dora is nothing for her server.
      if (!isOpen) expect(JSON.stringify(deletions.map(({ activity }) => activity))).not.toMatch(/dora|eve/);
    },
  );

  test('whom a later edit names again are named as if they always were', async () => {
    const { app, ctx, alice, dora } = await createWorld(dialect);
    await using _ = app;
    const inbox = 'https://three.example/users/dora/inbox';
    const post = await buildPost(ctx, alice, { text: '@dora@three.example hello', visibility: 'direct' });
    expect(await told(app)).toEqual([`Create ${inbox}`]);
    await editPost(ctx, alice.id, post.id, { text: 'To nobody' });
    expect(await told(app)).toEqual([]);
    await editPost(ctx, alice.id, post.id, { text: '@dora@three.example once more' });
    expect(await told(app)).toEqual([`Update ${inbox}`]);
    expect(await canSee(ctx.db, dora.id, post)).toBe(true);
    await deletePost(ctx, alice.id, post.id);
    const deletions = await sent(app);
    expect(deletions).toMatchObject([{ inbox, activity: { type: 'Delete', to: [dora.uri] } }]);
  });

  test('whom posts from elsewhere name no more is for their own servers to remember', async () => {
    const { app, ctx, dora } = await createWorld(dialect);
    await using _ = app;
    const bob = await buildUser(ctx, 'bob');
    const post = await buildRemotePost(ctx, dora.id);
    const contents = { ...post, html: '<p>New</p>' };
    const edit = (mentionedIds: readonly number[]) =>
      inTransaction(ctx, (tx) =>
        replaceContents(tx, post.id, { contents, mentionedIds, hashtags: [], editedAt: tx.now() }),
      );
    await edit([bob.id]);
    expect((await edit([]))?.formerIds).toEqual([bob.id]);
    expect(await hasFormerMentions(ctx.db, post.id)).toBe(false);
  });

  test('a reblog and its undoing go to followers and to the author', async () => {
    const { app, ctx, alice, dora } = await createWorld(dialect);
    await using _ = app;
    const post = await buildRemotePost(ctx, dora.id);
    const shown = await reblog(ctx, alice.id, post.id);
    const announced = await sent(app);
    expect(announced.map(({ inbox }) => inbox).sort()).toEqual([
      'https://one.example/inbox',
      'https://three.example/inbox',
      'https://two.example/users/carl/inbox',
    ]);
    expect(announced[0]!.activity).toMatchObject({ type: 'Announce', id: shown.uri, object: post.uri });
    await unreblog(ctx, alice.id, post.id);
    const undone = await sent(app);
    expect(undone).toHaveLength(3);
    expect(undone[0]!.activity).toMatchObject({
      type: 'Undo',
      object: { id: shown.uri, type: 'Announce', object: post.uri },
    });
  });

  test('likes, follows and the answers to them go to the one they concern', async () => {
    const { app, ctx, alice, dora } = await createWorld(dialect);
    await using _ = app;
    const inbox = 'https://three.example/users/dora/inbox';
    const post = await buildRemotePost(ctx, dora.id);
    await favourite(ctx, alice.id, post.id);
    expect(await told(app)).toEqual([`Like ${inbox}`]);
    await unfavourite(ctx, alice.id, post.id);
    expect(await told(app)).toEqual([`Undo ${inbox}`]);
    await follow(ctx, alice.id, dora.id);
    expect(await told(app)).toEqual([`Follow ${inbox}`]);
    await acceptFollow(ctx, dora.id, alice.id);
    expect(await told(app)).toEqual([]);
    await unfollow(ctx, alice.id, dora.id);
    expect(await told(app)).toEqual([`Undo ${inbox}`]);
    await follow(ctx, dora.id, alice.id, `${dora.uri}/follows/1`);
    const [accept] = await sent(app);
    expect(accept).toMatchObject({
      inbox,
      activity: { type: 'Accept', actor: alice.uri, object: { id: `${dora.uri}/follows/1` } },
    });
    await rejectFollow(ctx, alice.id, dora.id);
    expect(await told(app)).toEqual([`Reject ${inbox}`]);
  });

  test('profiles and pins go to followers, the end of an account to everybody ever met', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    await updateProfile(ctx, alice.id, { displayName: 'Alice' });
    expect(await told(app)).toEqual([
      'Update https://one.example/inbox',
      'Update https://two.example/users/carl/inbox',
    ]);
    const post = await buildPost(ctx, alice);
    await told(app);
    await pin(ctx, alice.id, post.id);
    expect(await told(app)).toEqual(['Add https://one.example/inbox', 'Add https://two.example/users/carl/inbox']);
    await unpin(ctx, alice.id, post.id);
    expect(await told(app)).toEqual([
      'Remove https://one.example/inbox',
      'Remove https://two.example/users/carl/inbox',
    ]);
    await deleteAccount(ctx, alice.id);
    expect(await told(app)).toEqual([
      'Delete https://one.example/inbox',
      'Delete https://three.example/inbox',
      'Delete https://two.example/users/carl/inbox',
    ]);
  });

  test('A44: nothing that is sent carries bto or bcc', async () => {
    const { app, ctx, alice } = await createWorld(dialect);
    await using _ = app;
    for (const visibility of ['public', 'unlisted', 'followers', 'direct'] as const) {
      await publish(ctx, alice.id, { text: '@dora@three.example hello', visibility });
    }
    await told(app);
    expect(app.remote.posts.length).toBeGreaterThan(8);
    for (const { body } of app.remote.posts) expect(body).not.toMatch(/"b(to|cc)"/);
  });
});
