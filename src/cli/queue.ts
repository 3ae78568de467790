import type { Core } from '#core.ts';
import type { Answer } from '#cli/command.ts';
import { CommandError, minuteOf, optionalIso, table } from '#cli/terminal.ts';

/** Servers with deliveries that are shown. */
const HOSTS = 30;

export async function status({ queue, deliveries }: Core): Promise<Answer> {
  const [handlers, hosts, workers] = [
    (await queue.status()).map(counted),
    await deliveries(HOSTS),
    await queue.workers(),
  ];
  const jobs = handlers.map((row) => [row.handler, ...[row.waiting, row.running, row.retrying, row.dead].map(String)]);
  const lines = hosts.map((row) => [
    row.host,
    String(row.waiting),
    String(row.retrying),
    row.failingSince === undefined ? '' : `failing since ${minuteOf(row.failingSince)}`,
    row.lastError ?? '',
  ]);
  const text = [
    jobs.length === 0 ? 'No jobs' : table([['handler', 'waiting', 'running', 'retrying', 'dead'], ...jobs]),
    ...(lines.length === 0 ? [] : ['', table([['deliveries to', 'waiting', 'retrying', '', ''], ...lines])]),
    '',
    workers === 0
      ? 'No server works on them'
      : `${workers === 1 ? 'One server works' : `${workers} servers work`} on them`,
  ];
  const json = hosts.map((row) => ({
    ...row,
    lastError: row.lastError ?? null,
    failingSince: optionalIso(row.failingSince),
  }));
  return { json: { workers, handlers, deliveries: json }, text: text.join('\n') };
}

/** Sums come as text from PostgreSQL. */
function counted<T extends Record<'waiting' | 'running' | 'retrying' | 'dead', number>>(row: T): T {
  return {
    ...row,
    waiting: Number(row.waiting),
    running: Number(row.running),
    retrying: Number(row.retrying),
    dead: Number(row.dead),
  };
}

export async function run(core: Core): Promise<Answer> {
  const dead = async () => (await core.queue.status()).reduce((sum, row) => sum + Number(row.dead), 0);
  const before = await dead();
  await core.drain();
  const died = (await dead()) - before;
  const failing = (await core.queue.status()).reduce((sum, row) => sum + Number(row.retrying), 0);
  const trouble =
    failing + died > 0 ? `; ${failing} failed and will be tried again, ${died} failed for the last time` : '';
  return { json: { ok: true, retrying: failing, died }, text: `What was due is done${trouble}` };
}

export async function retry({ queue }: Core, [handler]: [string | undefined]): Promise<Answer> {
  await checkHandler(queue, handler);
  const retried = await queue.retry(handler);
  return { json: { retried }, text: `${count(retried)} tried again` };
}

export async function purge({ queue }: Core, [handler]: [string | undefined]): Promise<Answer> {
  await checkHandler(queue, handler);
  const purged = await queue.purge(handler);
  return { json: { purged }, text: `${count(purged)} forgotten` };
}

async function checkHandler(queue: Core['queue'], handler: string | undefined): Promise<void> {
  if (handler === undefined || (await queue.status()).some((row) => row.handler === handler)) return;
  throw new CommandError(`No job is of ${handler}: "parvis queue status" shows the handlers that have any`);
}

function count(jobs: number): string {
  return jobs === 1 ? 'One dead job is' : `${jobs} dead jobs are`;
}
