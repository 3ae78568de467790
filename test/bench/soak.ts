/** `npm run soak`: the mixed load, for a long time. See docs/performance.md. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { create } from './harness/activities.ts';
import { buildActors } from './harness/actors.ts';
import { type Child, cpuOf, memoryOf, startChild } from './harness/child.ts';
import { conditions } from './harness/figures.ts';
import { sendAll, until } from './harness/load.ts';
import { forgedAmong, signAll, signedRequests, type SteadyMix } from './harness/signatures.ts';
import { createWorld } from './harness/world.ts';
import { drained, expectAll, follows, localPosts, requests, serveActors } from './parts/inbox.ts';

const usage = `npm run soak -- [options]

  --minutes N   how long (default 20)
  --rate N      activities per second (default 200); half of what \`npm run bench -- --part mixed\` handles is a fair test
  --json FILE   also write every sample there`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    rate: { type: 'string', default: '200' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const minutes = Number(values.minutes);
const perSecond = Number(values.rate);
if (values.help === true || !(minutes > 0) || !(perSecond > 0)) {
  console.log(usage);
  process.exit(values.help === true ? 0 : 2);
}
const count = Math.round(minutes * 60 * perSecond);
const SAMPLE_MS = Math.min(10_000, minutes * 5_000);

const world = createWorld();
const hosts = await startChild<{ port: number }>('fake-hosts.ts');
const actors = buildActors(500, 100, hosts.hello.port);
await serveActors(hosts, actors);
const { readers } = await follows(world, actors, 2);
const server = await world.start();

/** Memory (MiB), processor time (ms) and queue of the server, again and again; and local posts, so that deliveries run too. */
function watch(process: Child) {
  const memory: number[] = [];
  const cpu: number[] = [];
  const queued: number[] = [];
  let posting: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    memory.push(memoryOf(process.pid));
    cpu.push(cpuOf(process.pid));
    posting = Promise.all([
      world.count('SELECT count(*) AS n FROM job').then((n) => queued.push(n)),
      process.ask({ type: 'publish', authorId: readers[0], count: 2, concurrency: 1 }),
    ]);
  }, SAMPLE_MS);
  const stop = async () => {
    clearInterval(timer);
    await posting;
  };
  return { memory, cpu, queued, stop };
}

/** Means of the four quarters. */
function quarters(samples: readonly number[]): number[] {
  const at = (quarter: number) => Math.floor((samples.length * quarter) / 4);
  return [0, 1, 2, 3].map((quarter) => {
    const part = samples.slice(at(quarter), at(quarter + 1));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

try {
  const postUris = await localPosts(world, server, readers[0]!);
  const inbox = new URL(`${world.origin}/inbox`);
  const first = actors.map((actor, n) => ({ actor, activity: create(actor, n, new Date()) }));
  await sendAll(world.origin, requests(first, inbox));

  const target = `${world.origin}/users/${readers[0]}`;
  const mix: SteadyMix = { actors, count, postUris, target, inbox: inbox.href, startsAt: Date.now(), perSecond };
  const signatures = await signAll(mix);
  console.error(`${count} activities signed in ${Math.round((Date.now() - mix.startsAt) / 1_000)} s, now sent`);

  const cpu = cpuOf(server.pid);
  const watched = watch(server);
  const result = await sendAll(world.origin, signedRequests(mix, signatures), { perSecond });
  await watched.stop();
  const atTheEnd = performance.now();
  await drained(world);
  const drainedIn = performance.now() - atTheEnd;
  const used = cpuOf(server.pid) - cpu;
  const left = {
    jobs: "SELECT count(*) AS n FROM job WHERE unique_key IS NULL OR unique_key <> 'schedule'",
    deliveries: 'SELECT count(*) AS n FROM delivery',
  };
  const isEmpty = async () => (await world.count(left.jobs)) + (await world.count(left.deliveries)) === 0;
  await until(isEmpty, 'the queues are empty');

  const [, second, , last] = quarters(watched.memory);
  const figures = {
    minutes: result.ms / 60_000,
    activities: count,
    perSecond: (count / result.ms) * 1_000,
    forged: forgedAmong(count),
    statuses: result.statuses,
    cpuMsPerActivity: used / count,
    memoryMiB: {
      quarters: quarters(watched.memory),
      lastToSecond: last! / second!,
      highest: Math.max(...watched.memory),
    },
    queued: { highest: Math.max(...watched.queued), drainedInMs: drainedIn },
    left: {
      jobs: await world.count(left.jobs),
      deliveries: await world.count(left.deliveries),
      dead: await world.count('SELECT count(*) AS n FROM dead_job'),
    },
    posts: await world.count('SELECT count(*) AS n FROM post'),
    databaseMiB: world.bytes() / 2 ** 20,
    errors: server.errors.length,
    conditions: conditions(),
  };
  console.log(JSON.stringify(figures, undefined, 2));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ ...figures, samples: watched }));
  for (const line of server.errors.slice(0, 20)) console.log(line);
  expectAll(result.statuses, 202, count - forgedAmong(count));
  expectAll(result.statuses, 401, forgedAmong(count));
} finally {
  await server.stop();
  hosts.kill();
  await world.dispose();
}
