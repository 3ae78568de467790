/** `node test/bench/soak.ts [--minutes 20] [--rate N]`: the mixed load, for a long time. See docs/performance.md. */
import { parseArgs } from 'node:util';
import { create } from './harness/activities.ts';
import { buildActors } from './harness/actors.ts';
import { cpuOf, memoryOf, startChild } from './harness/child.ts';
import { conditions } from './harness/figures.ts';
import { sendAll, until } from './harness/load.ts';
import { createWorld } from './harness/world.ts';
import { drained, follows, localPosts, mixedStream, requests, serveActors } from './parts/inbox.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '20' }, rate: { type: 'string', default: '200' } },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
/** Activities are signed a slice at a time, just before they are sent: signatures age. */
const SLICE_SECONDS = 10;

const world = createWorld();
const hosts = await startChild<{ port: number }>('fake-hosts.ts');
const actors = buildActors(500, 100, hosts.hello.port);
await serveActors(hosts, actors);
const { readers } = await follows(world, actors, 2);
const server = await world.start();
/** MiB, once a slice. */
const memory: number[] = [];
const statuses: Record<number, number> = {};

try {
  const postUris = await localPosts(world, server, readers[0]!);
  const inbox = new URL(`${world.origin}/inbox`);
  const target = `${world.origin}/users/${readers[0]}`;
  await sendAll(
    world.origin,
    requests(
      actors.map((actor, n) => ({ actor, activity: create(actor, n, new Date()) })),
      inbox,
    ),
  );
  const cpu = cpuOf(server.pid);
  const slices = Math.ceil((minutes * 60) / SLICE_SECONDS);
  const perSlice = rate * SLICE_SECONDS;
  for (let slice = 0; slice < slices; slice++) {
    const stream = requests(mixedStream(actors, perSlice, postUris, target, slice * perSlice), inbox);
    const result = await sendAll(world.origin, stream, { perSecond: rate });
    for (const [status, count] of Object.entries(result.statuses))
      statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count;
    // A post by somebody here now and then, so that deliveries run too.
    await server.ask({ type: 'publish', authorId: readers[0], count: 2, concurrency: 1 });
    memory.push(memoryOf(server.pid));
  }
  const used = cpuOf(server.pid) - cpu;
  await drained(world);
  const left = {
    jobs: "SELECT count(*) AS n FROM job WHERE unique_key IS NULL OR unique_key <> 'schedule'",
    deliveries: 'SELECT count(*) AS n FROM delivery',
  };
  const isEmpty = async () => (await world.count(left.jobs)) + (await world.count(left.deliveries)) === 0;
  await until(isEmpty, 60_000, 'the queues are empty');
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  const mean = (part: number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
  const second = mean(memory.slice(quarter, 2 * quarter));
  const fourth = mean(memory.slice(-quarter));
  const result = {
    minutes,
    activities: slices * perSlice,
    statuses,
    cpuMsPerActivity: used / (slices * perSlice),
    memoryMiB: { secondQuarter: second, lastQuarter: fourth, ratio: fourth / second, highest: Math.max(...memory) },
    left: {
      jobs: await world.count(left.jobs),
      deliveries: await world.count(left.deliveries),
      dead: await world.count('SELECT count(*) AS n FROM dead_job'),
    },
    errors: server.errors.length,
    conditions: conditions(),
  };
  console.log(JSON.stringify(result, undefined, 2));
  for (const line of server.errors.slice(0, 20)) console.log(line);
} finally {
  await server.stop();
  hosts.kill();
  await world.dispose();
}
