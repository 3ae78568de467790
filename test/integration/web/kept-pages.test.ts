import { expect, it } from 'vitest';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { updateSettings } from '#domain/instance/settings.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { favourite } from '#domain/posts/favourite.ts';
import { readThreadStamp } from '#domain/posts/thread-store.ts';
import { follow } from '#domain/relationships/follow.ts';
import { readPageStamp } from '#domain/posts/page-stamp-store.ts';
import { onEachDialect } from '../../support/databases.ts';
import { createTestApp } from '../../support/test-app.ts';
import { visit } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

onEachDialect('the stamp of a page', (dialect) => {
  it('changes with everything the page shows, also within a millisecond, and with nothing else', async () => {
    await using app = await createTestApp({ dialect });
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice', { role: 'owner' });
    const bob = await buildUser(ctx, 'bob');
    const post = await buildPost(ctx, alice);
    const other = await buildPost(ctx, bob);
    const shown = { accountIds: [alice.id], postIds: [post.id], threadId: post.threadId };
    const stamp = async () => JSON.stringify(await readPageStamp(ctx.db, shown));
    const changes: [string, () => Promise<unknown>][] = [
      ['a favourite', () => favourite(ctx, bob.id, post.id)],
      ['a follower', () => follow(ctx, bob.id, alice.id)],
      ['a profile', () => updateProfile(ctx, alice.id, { displayName: 'A' })],
      ['an answer', () => buildPost(ctx, bob, { inReplyToId: post.id })],
      ['the settings', () => updateSettings(ctx, { name: 'B' })],
      ['the settings again', () => updateSettings(ctx, { name: 'C' })],
    ];
    for (const [name, change] of changes) {
      const before = await stamp();
      expect(await stamp()).toBe(before);
      await change();
      expect(`${name}: ${await stamp()}`).not.toBe(`${name}: ${before}`);
    }
    const before = await stamp();
    await favourite(ctx, alice.id, other.id);
    await buildPost(ctx, bob, { text: '@alice aside', inReplyToId: post.id, visibility: 'direct' });
    expect(JSON.parse(await stamp())).toMatchObject({ thread: (JSON.parse(before) as { thread: string }).thread });
    expect(await readThreadStamp(ctx.db, post.threadId!)).toBe((await readPageStamp(ctx.db, shown)).thread);
    await deletePost(ctx, alice.id, post.id);
    expect(await stamp()).not.toBe(before);
  });

  it('lets pages be served on either database', async () => {
    await using app = await createTestApp({ dialect });
    const alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
    await updateProfile(app.ctx, alice.id, { indexable: true });
    const post = await buildPost(app.ctx, alice, { text: 'Hello #world' });
    const anybody = await visit(app);
    for (const path of [
      '/',
      '/about',
      '/@alice',
      `/@alice/${post.id}`,
      '/tags/world',
      '/@alice.atom',
      '/sitemap.xml',
      '/@alice/followers',
    ]) {
      const first = await anybody.get(path);
      expect([path, first.status]).toEqual([path, 200]);
      expect((await anybody.get(path)).headers['etag']).toBe(first.headers['etag']);
    }
    const visitor = await visit(app);
    await visitor.signIn('alice');
    expect((await visitor.get('/home')).text).toContain('Hello');
  });
});
