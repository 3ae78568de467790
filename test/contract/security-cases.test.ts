import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const file = join(process.env['SHARED_DIR'] ?? join(root, '../shared'), 'design/security-cases.csv');

/** Attacks on what Parvis does not have yet. A row leaves this list with the feature. */
const notYet: Readonly<Record<string, string>> = {
  A32: 'quotes',
  A46: 'streaming',
  A47: 'streaming',
  A73: 'media are linked, not processed',
  A74: 'OAuth',
  A77: 'push, lists, filters',
  A82: 'link previews',
};

describe.skipIf(!existsSync(file))('Every known attack', () => {
  const table = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const ids = [...table.matchAll(/^([AN]\d+),/gm)].map(([, id]) => id!);
  const names = globSync('test/**/*.test.ts', { cwd: root })
    .filter((path) => !path.endsWith('security-cases.test.ts'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n');

  test.each(ids)('%s has a test that names it, or is about something that is not there yet', (id) => {
    const isNamed = new RegExp(`\\b${id}\\b`).test(names);
    expect(isNamed || id in notYet).toBe(true);
  });
});
