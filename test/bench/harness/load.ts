import { Pool } from 'undici';

export interface LoadResult {
  /** Milliseconds from the first request to the last answer. */
  ms: number;
  /** Status → answers. */
  statuses: Record<number, number>;
}

export interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
}

/**
 * Sends `requests`, each made when its turn comes, `concurrency` at a time over as many kept-alive connections; `perSecond` slows it down to
 * that rate.
 */
export async function sendAll(
  origin: string,
  requests: Iterable<Request>,
  { concurrency = 16, perSecond = Infinity }: { concurrency?: number; perSecond?: number } = {},
): Promise<LoadResult> {
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  const statuses: Record<number, number> = {};
  const started = performance.now();
  const iterator = requests[Symbol.iterator]();
  let next = 0;
  async function worker(): Promise<void> {
    for (let turn = iterator.next(); !turn.done; turn = iterator.next()) {
      const wait = started + (next++ / perSecond) * 1_000 - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const { method, path, headers, body } = turn.value;
      const response = await pool.request({ method, path, headers, ...(body ? { body } : {}) });
      await response.body.dump({ limit: 10_000_000 });
      statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker));
  const ms = performance.now() - started;
  await pool.close();
  return { ms, statuses };
}

/** How long anything is waited for, on however slow a machine (milliseconds). */
const PATIENCE = 300_000;

/** Calls `check` every few milliseconds until it is true. @throws when it is not within five minutes. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
