import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runBenchmark } from '../bench/run.ts';

/** The benchmark reads CPU time and memory of its processes from /proc. */
const canMeasure = existsSync('/proc/self/stat');

test.skipIf(!canMeasure).each(['inbox', 'mixed', 'fan-out', 'posts', 'pages', 'start'])(
  'the benchmark of %s runs, and everything it sends is stored or delivered',
  { timeout: 120_000 },
  async (part) => {
    // The parts themselves fail when an answer, a post or a delivery is missing; how long it took is not asked here.
    const figures = await runBenchmark([part], 0.02);
    expect(figures.length).toBeGreaterThan(1);
    for (const figure of figures) expect(figure.value, figure.name).toBeGreaterThanOrEqual(0);
  },
);
