import { hostNumber } from '../harness/actors.ts';
import { type Child, cpuOf, startChild } from '../harness/child.ts';
import type { Figure } from '../harness/figures.ts';
import { until } from '../harness/load.ts';
import { createReaders, insertFollows, insertRemoteAccounts, type World } from '../harness/world.ts';

interface Counted {
  received: number;
  inboxes: number;
  last: number;
}

/** Remote followers, one on each of `count` hosts. Returns the local author they follow. */
export async function followedAuthor(
  world: World,
  hosts: Child & { hello: { port: number } },
  count: number,
): Promise<number> {
  return world.prepare(async (ctx) => {
    const [author] = await createReaders(ctx, 1);
    const actors = Array.from({ length: count }, (_, n) => {
      const host = hostNumber(10_000 + n, hosts.hello.port);
      return { name: `follower${n}`, host, origin: `http://${host}`, uri: `http://${host}/users/follower${n}` };
    });
    await insertFollows(ctx, await insertRemoteAccounts(ctx, actors), [author!.id], { followersAreLocal: false });
    return author!.id;
  });
}

/** One post to followers on `count` hosts, `rounds` times; the first round opens the connections and is not counted. */
export async function measureFanOut(
  world: World,
  hosts: Child & { hello: { port: number } },
  { count, rounds }: { count: number; rounds: number },
): Promise<Figure[]> {
  const authorId = await followedAuthor(world, hosts, count);
  const floor = await measureFloor(hosts, count, rounds);
  const server = await world.start();
  try {
    const times: number[] = [];
    let cpu = 0;
    let bytes = 0;
    for (let round = 0; round <= rounds; round++) {
      await hosts.ask({ type: 'reset' });
      const [cpuBefore, bytesBefore, started] = [cpuOf(server.pid), world.bytes(), Date.now()];
      await server.ask({ type: 'publish', authorId, count: 1, concurrency: 1 });
      let counted: Counted = { received: 0, inboxes: 0, last: 0 };
      await until(
        async () => (counted = await hosts.ask<Counted>({ type: 'count' })).received >= count,
        `${count} deliveries`,
      );
      if (counted.received !== count || counted.inboxes !== count)
        throw new Error(`Delivered ${counted.received} to ${counted.inboxes} inboxes`);
      await until(
        async () => (await world.count('SELECT count(*) AS n FROM delivery')) === 0,
        'the deliveries are done',
      );
      if (round === 0) continue;
      times.push(counted.last - started);
      cpu += cpuOf(server.pid) - cpuBefore;
      bytes += Math.max(0, world.bytes() - bytesBefore);
    }
    const mean = times.reduce((sum, time) => sum + time, 0) / rounds;
    const perDelivery = cpu / rounds / count;
    const part = `fan-out, ${count} hosts`;
    return [
      { part, name: 'last delivery', value: mean, unit: 'ms', ...(count === 50 ? { target: '≤ 110' } : {}) },
      {
        part,
        name: 'deliveries',
        value: (count / mean) * 1_000,
        unit: '/s',
        ...(count === 50 ? {} : { target: '≥ 800' }),
      },
      { part, name: 'CPU per delivery', value: perDelivery, unit: 'ms', target: '≤ 1.5' },
      { part, name: 'CPU of the floor', value: floor, unit: 'ms' },
      { part, name: 'ratio to the floor', value: perDelivery / floor, unit: '' },
      { part, name: 'written per delivery', value: bytes / rounds / count, unit: 'bytes' },
    ];
  } finally {
    await server.stop();
  }
}

async function measureFloor(
  hosts: Child & { hello: { port: number } },
  count: number,
  rounds: number,
): Promise<number> {
  const floor = await startChild('floor-delivery.ts');
  try {
    const inboxes = Array.from({ length: count }, (_, n) => `http://${hostNumber(10_000 + n, hosts.hello.port)}/inbox`);
    const task = { inboxes, body: 'x'.repeat(2_000), concurrency: 64 };
    await floor.ask(task);
    const cpu = cpuOf(floor.pid);
    for (let round = 0; round < rounds; round++) await floor.ask(task);
    return (cpuOf(floor.pid) - cpu) / rounds / count;
  } finally {
    floor.kill();
  }
}

/** Posts through the use-case, each federated to 50 hosts. */
export async function measurePosts(
  world: World,
  hosts: Child & { hello: { port: number } },
  count: number,
): Promise<Figure[]> {
  const authorId = await followedAuthor(world, hosts, 50);
  const server = await world.start();
  try {
    await server.ask({ type: 'publish', authorId, count: 20, concurrency: 4 });
    await until(
      async () => (await world.count('SELECT count(*) AS n FROM delivery')) === 0,
      'the warm-up is delivered',
    );
    await hosts.ask({ type: 'reset' });
    const cpu = cpuOf(server.pid);
    const started = performance.now();
    const { ms } = await server.ask<{ ms: number }>({ type: 'publish', authorId, count, concurrency: 16 });
    await until(
      async () => (await hosts.ask<Counted>({ type: 'count' })).received >= count * 50,
      'everything is delivered',
    );
    const all = performance.now() - started;
    return [
      { part: 'posts, 50 hosts', name: 'published', value: (count / ms) * 1_000, unit: '/s', target: '≥ 200' },
      { part: 'posts, 50 hosts', name: 'delivered', value: ((count * 50) / all) * 1_000, unit: '/s' },
      {
        part: 'posts, 50 hosts',
        name: 'CPU per post, deliveries included',
        value: (cpuOf(server.pid) - cpu) / count,
        unit: 'ms',
      },
    ];
  } finally {
    await server.stop();
  }
}
