import { create } from '../harness/activities.ts';
import { actorDocument, buildActors, signActivity, type SigningActor } from '../harness/actors.ts';
import { type Child, cpuOf, memoryOf, startChild } from '../harness/child.ts';
import type { Figure } from '../harness/figures.ts';
import { sendAll, until } from '../harness/load.ts';
import { type Sent, mixedStream } from '../harness/mixed-load.ts';
import { createReaders, insertFollows, insertRemoteAccounts, type World } from '../harness/world.ts';

export interface InboxSize {
  activities: number;
  readers: number;
}

/**
 * Distinct signed Creates, Mastodon-shaped, by 50 actors on 10 hosts, a fifth of whose keys are not known yet; 20 local people follow each
 * of them.
 */
export async function measureInbox(
  world: World,
  hosts: Child & { hello: { port: number } },
  size: InboxSize,
): Promise<Figure[]> {
  const actors = buildActors(50, 10, hosts.hello.port);
  await serveActors(hosts, actors);
  const { readers } = await follows(world, actors, size.readers);
  const inbox = new URL(`${world.origin}/inbox`);
  const now = Date.now();
  const warmUp = actors
    .slice(0, 40)
    .map((actor, n) => ({ actor, activity: create(actor, n, new Date(now - 3_600_000)) }));
  const stream = Array.from({ length: size.activities }, (_, n) => {
    const actor = actors[n % actors.length]!;
    return { actor, activity: create(actor, 1_000 + n, new Date(now - 1_000 * (n % 600))) };
  });

  const floor = await measureFloor(stream, inbox);
  const server = await world.start();
  try {
    const visible = () => world.count('SELECT count(*) AS n FROM home WHERE account_id = ?', [readers[0]!]);
    await sendAll(world.origin, requests(warmUp, inbox));
    await until(async () => (await visible()) === warmUp.length, 'the warm-up is visible');
    const ready = requests(stream, inbox);
    const cpu = cpuOf(server.pid);
    const started = performance.now();
    const result = await sendAll(world.origin, ready);
    const wanted = warmUp.length + stream.length;
    await until(async () => (await visible()) === wanted, 'every post is in the home timelines');
    const visibleMs = performance.now() - started;
    const perActivity = (cpuOf(server.pid) - cpu) / stream.length;
    expectAll(result.statuses, 202, stream.length);
    const figure = (name: string, value: number, unit: string, target?: string): Figure => ({
      part: 'inbox',
      name,
      value,
      unit,
      ...(target ? { target } : {}),
    });
    return [
      figure('accepted', (stream.length / result.ms) * 1_000, '/s'),
      figure('visible', (stream.length / visibleMs) * 1_000, '/s', '≥ 500'),
      figure('CPU per Create', perActivity, 'ms', '≤ 2.0'),
      figure('CPU of the floor', floor, 'ms'),
      figure('ratio to the floor', perActivity / floor, '', 'about 5'),
      figure('memory', memoryOf(server.pid), 'MiB'),
    ];
  } finally {
    await server.stop();
  }
}

/** Everything at once: 500 actors on 100 hosts create, like, reblog, delete, correct, follow and unfollow. */
export async function measureMixedInbox(
  world: World,
  hosts: Child & { hello: { port: number } },
  size: InboxSize,
): Promise<Figure[]> {
  const actors = buildActors(500, 100, hosts.hello.port);
  await serveActors(hosts, actors);
  const { readers } = await follows(world, actors, 2);
  const server = await world.start();
  try {
    const target = `${world.origin}/users/${readers[0]}`;
    const postUris = await localPosts(world, server, readers[0]!);
    const inbox = new URL(`${world.origin}/inbox`);
    const warmUp = actors.map((actor, n) => ({ actor, activity: create(actor, n, new Date(Date.now() - 3_600_000)) }));
    await sendAll(world.origin, requests(warmUp, inbox));
    await drained(world);
    const now = Date.now();
    const stream = [...mixedStream({ actors, count: size.activities, postUris, target, timeOf: () => now })];
    const ready = requests(stream, inbox);
    const cpu = cpuOf(server.pid);
    const started = performance.now();
    const result = await sendAll(world.origin, ready);
    await drained(world);
    const ms = performance.now() - started;
    const perActivity = (cpuOf(server.pid) - cpu) / stream.length;
    expectAll(result.statuses, 202, stream.length);
    return [
      { part: 'inbox, mixed', name: 'handled', value: (stream.length / ms) * 1_000, unit: '/s' },
      { part: 'inbox, mixed', name: 'CPU per activity', value: perActivity, unit: 'ms' },
      { part: 'inbox, mixed', name: 'memory', value: memoryOf(server.pid), unit: 'MiB' },
    ];
  } finally {
    await server.stop();
  }
}

/** Waits until no inbound activity is left in the queue. */
export function drained(world: World): Promise<void> {
  const waiting = () => world.count(`SELECT count(*) AS n FROM job WHERE payload LIKE '%activity.%'`);
  return until(async () => (await waiting()) === 0, 'the inbox is worked off');
}

export function requests(stream: readonly Sent[], inbox: URL, date = new Date()) {
  return stream.map(({ actor, activity }) => ({
    method: 'POST' as const,
    path: inbox.pathname,
    ...signActivity(actor, activity, inbox, date),
  }));
}

export async function serveActors(hosts: Child, actors: readonly SigningActor[]): Promise<void> {
  const documents = Object.fromEntries(actors.map((actor) => [actor.uri, JSON.stringify(actorDocument(actor))]));
  await hosts.ask({ type: 'actors', documents });
}

export async function follows(
  world: World,
  actors: readonly SigningActor[],
  count: number,
): Promise<{ readers: number[] }> {
  return world.prepare(async (ctx) => {
    const readers = (await createReaders(ctx, count)).map((account) => account.id);
    const ids = await insertRemoteAccounts(ctx, actors);
    await insertFollows(ctx, readers, ids, { followersAreLocal: true });
    return { readers };
  });
}

export async function localPosts(world: World, server: Child, authorId: number): Promise<string[]> {
  await server.ask({ type: 'publish', authorId, count: 20, concurrency: 4 });
  const newest = await world.count('SELECT max(id) AS n FROM post WHERE account_id = ?', [authorId]);
  return [`${world.origin}/posts/${newest}`];
}

async function measureFloor(stream: readonly Sent[], inbox: URL): Promise<number> {
  const floor = await startChild<{ port: number }>('floor-inbox.ts');
  try {
    const keys = Object.fromEntries(stream.map(({ actor }) => [actor.keyId, actor.publicKey]));
    await floor.ask({ keys });
    const ready = requests(stream, inbox);
    const cpu = cpuOf(floor.pid);
    const result = await sendAll(`http://127.0.0.1:${floor.hello.port}`, ready);
    expectAll(result.statuses, 202, stream.length);
    return (cpuOf(floor.pid) - cpu) / stream.length;
  } finally {
    floor.kill();
  }
}

export function expectAll(statuses: Record<number, number>, status: number, count: number): void {
  if (statuses[status] !== count) throw new Error(`Expected ${count} times ${status}, got ${JSON.stringify(statuses)}`);
}
