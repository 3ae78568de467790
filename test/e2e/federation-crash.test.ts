import { expect, test, vi } from 'vitest';
import { create, follow } from '../bench/harness/activities.ts';
import type { SigningActor } from '../bench/harness/actors.ts';
import { startFediverse } from '../support/fediverse.ts';
import { startInstance } from '../support/instance.ts';

const ROUNDS = 10;
const ACTIVITIES = 40;
const POSTS = 4;
const HOSTS = 12;

function mentionOf(actor: SigningActor, n: number, readerUri: string) {
  const activity = create(actor, n, new Date());
  const tag = { type: 'Mention', href: readerUri, name: '@reader' };
  return { ...activity, cc: [readerUri], object: { ...activity.object, cc: [readerUri], tag: [tag] } };
}

test(
  'killed ten times in a storm, the server loses nothing it accepted and does nothing twice',
  { timeout: 900_000 },
  async () => {
    await using fediverse = await startFediverse({ actors: HOSTS, hosts: HOSTS });
    await using instance = await startInstance();
    const reader = await instance.call('createUser', 'reader');
    const author = await instance.call('createUser', 'author');
    const inbox = `${instance.origin}/inbox`;
    for (const [n, actor] of fediverse.actors.entries()) {
      expect(await fediverse.send(actor, follow(actor, n, author.uri), inbox)).toBe(202);
    }
    await vi.waitFor(async () => expect((await instance.call('account', author.id))!.followersCount).toBe(HOSTS), {
      timeout: 90_000,
    });

    /** URIs of posts whose Create was answered with 202, and of local posts that were published. */
    const accepted = new Set<string>();
    const published = new Set<string>();

    for (let round = 0; round < ROUNDS; round++) {
      const storm = Array.from({ length: ACTIVITIES }, (_, i) => {
        const actor = fediverse.actors[i % HOSTS]!;
        return { actor, activity: mentionOf(actor, round * ACTIVITIES + i, reader.uri) };
      });
      const send = async ({ actor, activity }: (typeof storm)[number]) => {
        if (accepted.has(activity.object.id)) return;
        if ((await fediverse.send(actor, activity, inbox)) === 202) accepted.add(activity.object.id);
      };
      const work = [
        ...storm.map(async (entry, i) => {
          await new Promise((resolve) => setTimeout(resolve, i * 4));
          await send(entry);
        }),
        ...Array.from({ length: POSTS }, async (_, i) => {
          await new Promise((resolve) => setTimeout(resolve, i * 25));
          published.add((await instance.call('publish', author.id, { text: `Post ${round}.${i}` })).uri);
        }),
      ];
      const settled = Promise.allSettled(work);
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 180));
      await instance.killAndRestart();
      await settled;
      // The senders try again, as they would after an hour.
      for (const entry of storm) await send(entry);
    }
    expect(accepted.size).toBe(ROUNDS * ACTIVITIES);

    await vi.waitFor(
      async () => {
        expect(
          await instance.call('count', 'SELECT count(*) AS n FROM job WHERE payload LIKE ?', ['%activity.%']),
        ).toBe(0);
        expect(await instance.call('count', 'SELECT count(*) AS n FROM delivery')).toBe(0);
      },
      { timeout: 300_000, interval: 200 },
    );
    expect(await instance.call('count', 'SELECT count(*) AS n FROM dead_job')).toBe(0);
    const remote = 'FROM post JOIN account ON account.id = post.account_id WHERE account.host <> ?';
    expect(await instance.call('count', `SELECT count(*) AS n ${remote}`, [''])).toBe(accepted.size);
    expect(
      await instance.call('count', 'SELECT count(*) AS n FROM notification WHERE account_id = ? AND kind = ?', [
        reader.id,
        'mention',
      ]),
    ).toBe(accepted.size);
    expect(
      await instance.call('count', 'SELECT CAST(sum(posts_count) AS BIGINT) AS n FROM account WHERE host <> ?', ['']),
    ).toBe(accepted.size);

    const creates = fediverse.deliveries.filter(({ activity }) => activity['type'] === 'Create');
    const objectOf = (activity: Record<string, unknown>) => (activity['object'] as { id: string }).id;
    for (const uri of published) {
      const copies = creates.filter(({ activity }) => objectOf(activity) === uri);
      expect(new Set(copies.map(({ host }) => host)).size, `${uri} reached every host`).toBe(HOSTS);
      expect(new Set(copies.map(({ activity }) => activity['id'])).size, `${uri} under one activity id`).toBe(1);
    }
  },
);
