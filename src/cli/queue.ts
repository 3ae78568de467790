import type { Core } from '#core.ts';
import type { Answer } from '#cli/command.ts';
import { CommandError, minuteOf, optionalIso, table } from '#cli/terminal.ts';

/** Servers with deliveries that are shown. */
const HOSTS = 30;

export async function status({ queue, deliveries }: Core): Promise<Answer> {
  const [handlers, hosts, workers] = [await queue.status(), await deliveries(HOSTS), await queue.workers()];
  const jobs = handlers.map((row) => [
    row.handler,
    ...[row.waiting, row.running, row.retrying, row.dead].map(String),
    row.diedAt === undefined ? '' : minuteOf(row.diedAt),
    firstLine(row.lastError),
  ]);
  const heads = ['handler', 'waiting', 'running', 'retrying', 'dead', 'last death', 'last error'];
  const lines = hosts.map((row) => [
    row.host,
    String(row.waiting),
    String(row.retrying),
    row.failingSince === undefined ? '' : `failing since ${minuteOf(row.failingSince)}`,
    row.lastError ?? '',
  ]);
  const text = [
    jobs.length === 0 ? 'No jobs' : table([heads, ...jobs]),
    ...(lines.length === 0 ? [] : ['', table([['deliveries to', 'waiting', 'retrying', '', ''], ...lines])]),
    '',
    workers === 0
      ? 'No server works on them'
      : `${workers === 1 ? 'One server works' : `${workers} servers work`} on them`,
  ];
  const json = {
    workers,
    handlers: handlers.map((row) => ({
      ...row,
      diedAt: optionalIso(row.diedAt),
      lastError: row.lastError ?? null,
    })),
    deliveries: hosts.map((row) => ({
      ...row,
      lastError: row.lastError ?? null,
      failingSince: optionalIso(row.failingSince),
    })),
  };
  return { json, text: text.join('\n') };
}

/** Without the stack: that is in --json and in the log. */
function firstLine(error: string | undefined): string {
  return error?.split('\n', 1)[0] ?? '';
}

export async function run(core: Core): Promise<Answer> {
  const dead = async () => (await core.queue.status()).reduce((sum, row) => sum + row.dead, 0);
  const before = await dead();
  await core.drain();
  const died = (await dead()) - before;
  const failing = (await core.queue.status()).reduce((sum, row) => sum + row.retrying, 0);
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
