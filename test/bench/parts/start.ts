import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { memoryOf } from '../harness/child.ts';
import type { Figure } from '../harness/figures.ts';
import { until } from '../harness/load.ts';
import type { World } from '../harness/world.ts';

/** From the start of the process to the first answer of /health, on an existing database; memory once it has been idle for a while. */
export async function measureStart(world: World, { idleMs }: { idleMs: number }): Promise<Figure[]> {
  // Not measured: the first start makes the database, the second fills the compile cache.
  await startOnce(world, 0);
  await startOnce(world, 0);
  const { ms, memory } = await startOnce(world, idleMs);
  return [
    { part: 'start', name: 'to /health', value: ms / 1_000, unit: 's', target: '≤ 1.5' },
    { part: 'start', name: 'idle memory', value: memory, unit: 'MiB', target: '≤ 150' },
  ];
}

async function startOnce(world: World, idleMs: number): Promise<{ ms: number; memory: number }> {
  const started = performance.now();
  const main = join(import.meta.dirname, '../../../bin/server.js');
  const server = spawn(process.execPath, [main], { env: { ...process.env, ...world.env }, stdio: 'ignore' });
  try {
    await until(() => isHealthy(world.origin), 'the server answers');
    const ms = performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    return { ms, memory: memoryOf(server.pid!) };
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/health`)).ok;
  } catch {
    return false;
  }
}
