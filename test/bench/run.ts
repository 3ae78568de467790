/** `npm run bench`: see docs/performance.md. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Child, startChild } from './harness/child.ts';
import { conditions, type Figure, formatTable, median } from './harness/figures.ts';
import { createWorld, type World } from './harness/world.ts';
import { measureFanOut, measurePosts } from './parts/fan-out.ts';
import { grow } from './parts/growth.ts';
import { measureInbox, measureMixedInbox } from './parts/inbox.ts';
import { measurePages } from './parts/pages.ts';
import { measureStart } from './parts/start.ts';

const usage = `npm run bench -- [options]

  --part NAME   only this part (repeatable): ${['inbox', 'mixed', 'fan-out', 'posts', 'pages', 'start', 'growth'].join(', ')}
  --runs N      how often; the table shows medians (default 1)
  --scale X     size of the work, 1 being that of the targets (default 1)
  --json FILE   also write figures and conditions there`;

type Hosts = Child & { hello: { port: number } };
type Part = (world: World, hosts: Hosts, scale: number) => Promise<Figure[]>;

const sized = (full: number, scale: number, least: number) => Math.max(least, Math.round(full * scale));

const parts: Record<string, Part> = {
  inbox: (world, hosts, scale) => measureInbox(world, hosts, { activities: sized(2_000, scale, 100), readers: 20 }),
  mixed: (world, hosts, scale) => measureMixedInbox(world, hosts, { activities: sized(4_000, scale, 500), readers: 2 }),
  'fan-out': (world, hosts, scale) => measureFanOut(world, hosts, { count: 50, rounds: sized(20, scale, 2) }),
  'fan-out-1000': (world, hosts, scale) => measureFanOut(world, hosts, { count: 1_000, rounds: sized(3, scale, 1) }),
  posts: (world, hosts, scale) => measurePosts(world, hosts, sized(200, scale, 10)),
  pages: (world, _hosts, scale) => measurePages(world, { requests: sized(5_000, scale, 200) }),
  start: (world, _hosts, scale) => measureStart(world, { idleMs: sized(10_000, scale, 500) }),
};

/** The same work on a database that has grown: what costs more shows in the ratio. */
const grown = ['inbox', 'fan-out', 'posts'];

async function runPart(part: Part, scale: number, template?: World): Promise<Figure[]> {
  const world = createWorld(template);
  const hosts = await startChild<{ port: number }>('fake-hosts.ts');
  try {
    return await part(world, hosts, scale);
  } finally {
    hosts.kill();
    await world.dispose();
  }
}

async function runGrown(scale: number, before: readonly Figure[]): Promise<Figure[]> {
  const size = {
    accounts: sized(100_000, scale, 500),
    posts: sized(1_000_000, scale, 2_000),
    homeRows: sized(5_000_000, scale, 2_000),
  };
  const template = createWorld();
  try {
    await grow(template, size);
    const figures: Figure[] = [];
    for (const name of grown) {
      const after = await runPart(parts[name]!, scale, template);
      for (const figure of after.filter((candidate) => candidate.name.startsWith('CPU per'))) {
        const part = `${figure.part}, grown`;
        const small = before.find((candidate) => candidate.part === figure.part && candidate.name === figure.name);
        figures.push({ ...figure, part });
        if (small)
          figures.push({ part, name: 'ratio to small', value: figure.value / small.value, unit: '', target: '≤ 1.5' });
      }
    }
    return figures;
  } finally {
    await template.dispose();
  }
}

/** Runs `names` once. */
export async function runBenchmark(names: readonly string[], scale: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (names.some((wanted) => name === wanted || name.startsWith(`${wanted}-`)))
      figures.push(...(await runPart(part, scale)));
  }
  if (names.includes('growth')) figures.push(...(await runGrown(scale, figures)));
  return figures;
}

function medians(runs: readonly Figure[][]): Figure[] {
  return runs[0]!.map((figure, i) => ({ ...figure, value: median(runs.map((run) => run[i]!.value)) }));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      part: { type: 'string', multiple: true },
      runs: { type: 'string', default: '1' },
      scale: { type: 'string', default: '1' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const runs: Figure[][] = [];
  for (let run = 0; run < Number(values.runs); run++) {
    runs.push(await runBenchmark(values.part ?? [...Object.keys(parts), 'growth'], Number(values.scale)));
  }
  const result = { conditions: conditions(), runs: runs.length, figures: medians(runs) };
  console.log(formatTable(result.figures));
  console.log(JSON.stringify(result.conditions));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
}
