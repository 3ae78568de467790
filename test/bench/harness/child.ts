import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A child process that answers messages one by one. */
export interface Child {
  pid: number;
  ask<T>(message: unknown): Promise<T>;
  stop(): Promise<void>;
  kill(): void;
  /** Lines it wrote to standard error. */
  readonly errors: readonly string[];
}

/** Starts `file` (beside this one) and waits for its first message. */
export async function startChild<T>(
  file: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Child & { hello: T }> {
  const child = fork(join(import.meta.dirname, file), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const errors: string[] = [];
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (chunk: string) => errors.push(...chunk.split('\n').filter((line) => line !== '')));
  const hello = await nextMessage<T>(child, errors);
  let queue: Promise<unknown> = Promise.resolve();
  return {
    pid: child.pid!,
    hello,
    errors,
    ask<R>(message: unknown): Promise<R> {
      const answer = queue.then(() => {
        child.send(message as object);
        return nextMessage<R>(child, errors);
      });
      queue = answer.catch(() => {});
      return answer;
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

async function nextMessage<T>(child: ChildProcess, errors: readonly string[]): Promise<T> {
  const exited = new AbortController();
  const message = once(child, 'message', { signal: exited.signal }) as Promise<[T]>;
  const exit = once(child, 'exit', { signal: exited.signal }).then(([code]) => {
    throw new Error(`A process of the benchmark ended with ${code}:\n${errors.join('\n')}`);
  });
  try {
    return (await Promise.race([message, exit]))[0];
  } finally {
    exited.abort();
    message.catch(() => {});
    exit.catch(() => {});
  }
}

/** CPU time of a process since its start, user and system (milliseconds). Linux. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // Fields 14 and 15 in clock ticks of 10 ms, counted from the state, which is field 3.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process (MiB). Linux. */
export function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
