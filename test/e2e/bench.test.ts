import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runBenchmark } from '../bench/run.ts';

/** The benchmark reads CPU time and memory of its processes from /proc. */
const canMeasure = existsSync('/proc/self/stat');

test.skipIf(!canMeasure).each(['inbox', 'mixed', 'fan-out', 'posts', 'pages', 'start'])(
  'the benchmark of %s runs, and everything it sends is stored or delivered',
  { timeout: 600_000 },
  async (part) => {
    // The parts themselves fail when an answer, a post or a delivery is missing; how long it took is not asked here.
    const figures = await runBenchmark([part], 0.02);
    expect(figures.length).toBeGreaterThan(1);
    for (const figure of figures) expect(figure.value, figure.name).toBeGreaterThanOrEqual(0);
  },
);

test.skipIf(!canMeasure)(
  'the soak answers all of its load as it should, and leaves nothing in the queues',
  { timeout: 600_000 },
  async () => {
    const soak = join(import.meta.dirname, '../bench/soak.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [soak, '--minutes', '0.05', '--rate', '400']);
    const figures = JSON.parse(stdout) as { statuses: unknown; left: unknown; errors: number };
    expect(figures.statuses).toEqual({ 202: 1_199, 401: 1 });
    expect(figures.left).toEqual({ jobs: 0, deliveries: 0, dead: 0 });
    expect(figures.errors).toBe(0);
  },
);
