import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type NodeChild, startNode } from './child.ts';

export interface ServerProcesses {
  /** The data folder of the test that runs. */
  readonly dataDir: string;
  /** Starts the server as `npm start` does, on any port; ended with the test. */
  start(env?: Record<string, string>): NodeChild;
  /** What a server that does not start prints, and how it ends. */
  refusal(env: Record<string, string>): Promise<{ lines: string[]; code: number | string }>;
}

/** For a file of tests that start servers as processes of their own: each test has a new data folder. */
export function useServerProcesses(): ServerProcesses {
  let dataDir: string;
  const children: NodeChild[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'parvis-server-'));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.process.kill('SIGKILL');
      await child.ended;
    }
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}): NodeChild {
    const child = startNode('bin/server.js', { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warning', ...env });
    children.push(child);
    return child;
  }

  return {
    get dataDir() {
      return dataDir;
    },
    start,
    async refusal(env) {
      const child = start(env);
      const code = await child.ended;
      return { lines: child.output().trim().split('\n'), code };
    },
  };
}

/** The address that a starting server prints: where it listens, which on one's own machine is its origin. */
export async function addressOf(child: NodeChild): Promise<string> {
  const [, origin, place] = await child.says(/^Parvis (?:serves|works for) (\S+)(?: on (\S+))?$/m);
  return place ?? origin!;
}

/** Sends SIGTERM, which must end it in order. */
export async function millisecondsToStop(child: NodeChild): Promise<number> {
  const asked = performance.now();
  child.process.kill('SIGTERM');
  expect(await child.ended).toBe(0);
  return performance.now() - asked;
}
