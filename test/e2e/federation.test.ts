import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { dialects } from '../support/postgres.ts';

/** What crosses the network arrives soon, not at once. */
function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 60_000, interval: 50 });
}

/** Whatever `sender` sends, wrongly or not, has arrived at `receiver` and had its effect. */
async function settled(sender: Instance, receiver: Instance): Promise<void> {
  const due = 'due <= ? OR leased_by IS NOT NULL';
  const left = `SELECT (SELECT count(*) FROM job WHERE ${due}) + (SELECT count(*) FROM delivery WHERE ${due}) AS n`;
  for (const instance of [sender, receiver]) {
    await eventually(async () => {
      const now = Date.now();
      expect(await instance.call('count', left, [now, now])).toBe(0);
    });
  }
}

describe.each(dialects)('two servers, the second on %s', (dialect) => {
  let here: Instance;
  let there: Instance;
  let alice: Account;
  let bob: Account;
  let carol: Account;
  /** Each side's id of the other side's people. */
  let bobHere: number;
  let carolHere: number;
  let aliceThere: number;

  beforeAll(async () => {
    [here, there] = await Promise.all([startInstance(), startInstance({ dialect })]);
    alice = await here.call('createUser', 'alice');
    bob = await there.call('createUser', 'bob');
    carol = await there.call('createUser', 'carol');
  });
  afterAll(async () => {
    await Promise.all([here, there].map((instance) => instance?.[Symbol.asyncDispose]()));
  });

  test('people are found by handle on both sides', async () => {
    aliceThere = (await there.call('lookupAccount', `alice@${here.host}`))!;
    bobHere = (await here.call('lookupAccount', `bob@${there.host}`))!;
    carolHere = (await here.call('lookupAccount', carol.uri))!;
    expect(await there.call('account', aliceThere)).toMatchObject({
      uri: alice.uri,
      username: 'alice',
      host: here.host,
    });
    expect(await here.call('account', bobHere)).toMatchObject({ uri: bob.uri, username: 'bob', host: there.host });
    expect(await here.call('account', carolHere)).toMatchObject({ uri: carol.uri });
    expect(await here.call('lookupAccount', `nobody@${there.host}`)).toBeNull();
  });

  test('a follow is accepted', async () => {
    expect(await there.call('follow', bob.id, aliceThere)).toBe('requested');
    await eventually(async () => expect(await there.call('isFollowing', bob.id, aliceThere)).toBe('following'));
    expect(await here.call('isFollowing', bobHere, alice.id)).toBe('following');
    expect(await here.call('notifications', alice.id)).toContain(`follow bob@${there.host}`);
    expect(await here.call('account', alice.id)).toMatchObject({ followersCount: 1 });
  });

  test('a public post reaches followers and nobody else', async () => {
    const post = await here.call('publish', alice.id, { text: 'Bonjour **tout le monde** #parvis', language: 'fr' });
    await eventually(async () =>
      expect((await there.call('home', bob.id)).map((entry) => entry.uri)).toContain(post.uri),
    );
    const arrived = await there.call('postByUri', post.uri);
    expect(arrived).toMatchObject({ visibility: 'public', language: 'fr', url: post.url, accountId: aliceThere });
    expect(arrived!.html).toContain('<strong>tout le monde</strong>');
    await settled(here, there);
    expect((await there.call('home', carol.id)).map((entry) => entry.uri)).not.toContain(post.uri);
  });

  test('unlisted and followers-only posts keep their visibility', async () => {
    for (const visibility of ['unlisted', 'followers'] as const) {
      const post = await here.call('publish', alice.id, { text: `Seen by some: ${visibility}`, visibility });
      await eventually(async () => expect(await there.call('postByUri', post.uri)).toMatchObject({ visibility }));
      expect((await there.call('home', bob.id)).map((entry) => entry.uri)).toContain(post.uri);
    }
  });

  test('a direct message reaches whom it names and nobody else', async () => {
    const post = await here.call('publish', alice.id, {
      text: `Just for you, @carol@${there.host}`,
      visibility: 'direct',
    });
    await eventually(async () =>
      expect(await there.call('postByUri', post.uri)).toMatchObject({ visibility: 'direct' }),
    );
    await eventually(async () =>
      expect(await there.call('notifications', carol.id)).toContain(`mention alice@${here.host}`),
    );
    await settled(here, there);
    expect(await there.call('notifications', bob.id)).not.toContain(`mention alice@${here.host}`);
    expect((await there.call('home', bob.id)).map((entry) => entry.uri)).not.toContain(post.uri);
    expect((await fetch(post.uri, { headers: { accept: 'application/activity+json' } })).status).toBe(404);
  });

  test('a post nobody there may see does not leave', async () => {
    const post = await here.call('publish', alice.id, { text: 'To myself', visibility: 'direct' });
    await settled(here, there);
    expect(await there.call('postByUri', post.uri)).toBeNull();
  });

  test('a mention and a reply arrive, with their thread', async () => {
    const post = await here.call('publish', alice.id, { text: `What do you think, @bob@${there.host}?` });
    await eventually(async () =>
      expect(await there.call('notifications', bob.id)).toContain(`mention alice@${here.host}`),
    );
    const arrived = (await there.call('postByUri', post.uri))!;
    const reply = await there.call('publish', bob.id, {
      text: `I agree, @alice@${here.host}`,
      inReplyToId: arrived.id,
    });
    await eventually(async () =>
      expect(await here.call('postByUri', reply.uri)).toMatchObject({
        inReplyToId: post.id,
        threadId: post.threadId,
      }),
    );
    expect(await here.call('notifications', alice.id)).toContain(`mention bob@${there.host}`);
    expect(await here.call('post', post.id)).toMatchObject({ repliesCount: 1 });
  });

  test('favourites and reblogs arrive and can be taken back', async () => {
    const post = await here.call('publish', alice.id, { text: 'Like and show me' });
    await eventually(async () => expect(await there.call('postByUri', post.uri)).not.toBeNull());
    const arrived = (await there.call('postByUri', post.uri))!;
    await there.call('favourite', bob.id, arrived.id);
    await there.call('reblog', bob.id, arrived.id);
    await eventually(async () =>
      expect(await here.call('post', post.id)).toMatchObject({ favouritesCount: 1, reblogsCount: 1 }),
    );
    expect(await here.call('notifications', alice.id)).toEqual(
      expect.arrayContaining([`favourite bob@${there.host}`, `reblog bob@${there.host}`]),
    );
    await there.call('unfavourite', bob.id, arrived.id);
    await there.call('unreblog', bob.id, arrived.id);
    await eventually(async () =>
      expect(await here.call('post', post.id)).toMatchObject({ favouritesCount: 0, reblogsCount: 0 }),
    );
  });

  test('a reblog brings a post to the followers of whoever reblogs', async () => {
    await here.call('follow', alice.id, bobHere);
    await eventually(async () => expect(await here.call('isFollowing', alice.id, bobHere)).toBe('following'));
    const post = await there.call('publish', carol.id, { text: 'By Carol, shown by Bob' });
    await there.call('reblog', bob.id, post.id);
    await eventually(async () =>
      expect((await here.call('home', alice.id)).some((entry) => entry.html.includes('By Carol'))).toBe(true),
    );
  });

  test('an edit arrives with its history', async () => {
    const post = await here.call('publish', alice.id, { text: 'Befor the correction' });
    await eventually(async () => expect(await there.call('postByUri', post.uri)).not.toBeNull());
    await here.call('editPost', alice.id, post.id, { text: 'After the correction' });
    await eventually(async () =>
      expect((await there.call('postByUri', post.uri))!.html).toContain('After the correction'),
    );
    const arrived = (await there.call('postByUri', post.uri))!;
    expect(arrived.editedAt).toBeGreaterThan(0);
    expect((await there.call('edits', arrived.id)).map((edit) => edit.html)).toEqual([
      expect.stringContaining('Befor the correction'),
    ]);
  });

  test('a deletion arrives and leaves a tombstone', async () => {
    const post = await here.call('publish', alice.id, { text: 'Soon gone' });
    await eventually(async () => expect(await there.call('postByUri', post.uri)).not.toBeNull());
    await here.call('deletePost', alice.id, post.id);
    await eventually(async () =>
      expect(await there.call('postByUri', post.uri)).toMatchObject({ html: '', deletedAt: expect.any(Number) }),
    );
    expect((await there.call('home', bob.id)).map((entry) => entry.uri)).not.toContain(post.uri);
    const answer = await fetch(post.uri, { headers: { accept: 'application/activity+json' } });
    expect([answer.status, await answer.json()]).toEqual([410, expect.objectContaining({ type: 'Tombstone' })]);
  });

  test('a pinned post stands in the featured collection there too', async () => {
    const post = await here.call('publish', alice.id, { text: 'Read this first' });
    await eventually(async () => expect(await there.call('postByUri', post.uri)).not.toBeNull());
    await here.call('pin', alice.id, post.id);
    const arrived = (await there.call('postByUri', post.uri))!;
    await eventually(async () => expect(await there.call('pins', aliceThere)).toEqual([arrived.id]));
    await here.call('unpin', alice.id, post.id);
    await eventually(async () => expect(await there.call('pins', aliceThere)).toEqual([]));
  });

  test('a changed profile arrives', async () => {
    await here.call('updateProfile', alice.id, { displayName: 'Alice of the square', summary: 'News from here' });
    await eventually(async () =>
      expect(await there.call('account', aliceThere)).toMatchObject({ displayName: 'Alice of the square' }),
    );
  });

  test('a locked account approves one request and refuses another', async () => {
    await there.call('updateProfile', carol.id, { locked: true });
    expect(await here.call('follow', alice.id, carolHere)).toBe('requested');
    await eventually(async () =>
      expect(await there.call('notifications', carol.id)).toContain(`follow-request alice@${here.host}`),
    );
    const secret = await there.call('publish', carol.id, { text: 'For followers', visibility: 'followers' });
    await there.call('rejectFollow', carol.id, aliceThere);
    await eventually(async () => expect(await here.call('isFollowing', alice.id, carolHere)).toBe('none'));
    await here.call('follow', alice.id, carolHere);
    await eventually(async () => expect(await there.call('isFollowing', aliceThere, carol.id)).toBe('requested'));
    await there.call('acceptFollow', carol.id, aliceThere);
    await eventually(async () => expect(await here.call('isFollowing', alice.id, carolHere)).toBe('following'));
    await settled(there, here);
    expect(await here.call('postByUri', secret.uri)).toBeNull();
  });

  test('a follow ends, and what is posted later does not arrive', async () => {
    await here.call('unfollow', alice.id, carolHere);
    await eventually(async () => expect(await there.call('isFollowing', aliceThere, carol.id)).toBe('none'));
    const post = await there.call('publish', carol.id, { text: 'After the end', visibility: 'followers' });
    await settled(there, here);
    expect(await here.call('postByUri', post.uri)).toBeNull();
  });

  test('a block ends the follow and closes the door, and can be taken back', async () => {
    await here.call('block', alice.id, bobHere);
    await eventually(async () => expect(await there.call('isBlocking', aliceThere, bob.id)).toBe(true));
    expect(await there.call('isFollowing', bob.id, aliceThere)).toBe('none');
    const post = await here.call('publish', alice.id, { text: 'Not for Bob', visibility: 'followers' });
    await expect(there.call('follow', bob.id, aliceThere)).rejects.toThrow('NotAllowed');
    await settled(here, there);
    expect(await there.call('postByUri', post.uri)).toBeNull();
    await here.call('unblock', alice.id, bobHere);
    await eventually(async () => expect(await there.call('isBlocking', aliceThere, bob.id)).toBe(false));
    await there.call('follow', bob.id, aliceThere);
    await eventually(async () => expect(await there.call('isFollowing', bob.id, aliceThere)).toBe('following'));
  });

  test('a deleted account disappears on the other side', async () => {
    await here.call('deleteAccount', alice.id);
    await eventually(async () =>
      expect(await there.call('account', aliceThere)).toMatchObject({ deletedAt: expect.any(Number) }),
    );
    await eventually(async () => expect(await there.call('account', bob.id)).toMatchObject({ followingCount: 0 }));
    expect((await fetch(alice.uri, { headers: { accept: 'application/activity+json' } })).status).toBe(410);
  });
});
