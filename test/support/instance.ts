import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ctx } from '#context.ts';
import { freePort } from './free-port.ts';
import type { Operation, Operations } from './instance-process.ts';
import { createTestDatabase } from './postgres.ts';
import type { TestDialect } from './test-app.ts';

type Arguments<O extends Operation> = Operations[O] extends (ctx: Ctx, ...args: infer A) => unknown ? A : never;
type Result<O extends Operation> = Awaited<ReturnType<Operations[O]>>;

/** A real server in a process of its own. */
export interface Instance {
  readonly origin: string;
  readonly host: string;
  readonly pid: number;
  /** Lines it has logged. */
  readonly log: string[];
  call<O extends Operation>(operation: O, ...args: Arguments<O>): Promise<Result<O>>;
  /** Ends it as a power cut would, and starts it again on what is on the disk. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a server that federates with others on loopback. */
export async function startInstance({
  dialect = 'sqlite',
  env = {},
}: { dialect?: TestDialect; env?: Record<string, string> } = {}): Promise<Instance> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parvis-e2e-'));
  const database = dialect === 'postgres' ? await createTestDatabase() : undefined;
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const log: string[] = [];
  const environment = {
    ...process.env,
    ORIGIN: origin,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    FEDERATION_PRIVATE_HOSTS: 'on',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'warning',
    ...(database ? { DATABASE_URL: database.url } : {}),
    ...env,
  };
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let child: ChildProcess;
  let calls = 0;

  async function start(): Promise<void> {
    child = fork(join(import.meta.dirname, 'instance-process.ts'), {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child
      .stderr!.setEncoding('utf8')
      .on('data', (chunk: string) => log.push(...chunk.split('\n').filter((line) => line !== '')));
    child.on('message', (message: { id?: number; value?: unknown; error?: string }) => {
      const call = message.id === undefined ? undefined : pending.get(message.id);
      if (!call) return;
      pending.delete(message.id!);
      if (message.error === undefined) call.resolve(message.value);
      else call.reject(new Error(message.error));
    });
    const exit = once(child, 'exit').then(([code]) => {
      for (const call of pending.values()) call.reject(new Error(`The server ended with ${code}`));
      pending.clear();
      throw new Error(`The server ended with ${code}:\n${log.join('\n')}`);
    });
    exit.catch(() => {});
    await Promise.race([once(child, 'message'), exit]);
  }

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  await start();
  return {
    origin,
    host: `localhost:${port}`,
    get pid() {
      return child.pid!;
    },
    log,
    call: (operation, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
        child.send({ id, operation, args }, (error) => error && reject(error));
      }),
    async killAndRestart() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await start();
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await database?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
