import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;

test('What the server imports is installed without the tools of developers', () => {
  const files = ['src', 'bin', 'migrations'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name))
      .map((name) => join(folder, name)),
  );
  const imported = files.flatMap((file) =>
    [...read(file).matchAll(/^(?:import|export) (?!type )[^'";]*from '([^'.#][^']*)'|import\('([^'.#][^']*)'\)/gm)].map(
      ([, fixed, loaded]) => (fixed ?? loaded)!,
    ),
  );
  const packages = new Set(imported.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]));
  const builtin = new Set(builtinModules);
  const outside = [...packages].filter((name) => !name.startsWith('node:') && !builtin.has(name));
  expect(outside.length).toBeGreaterThan(5);
  expect(outside.filter((name) => manifest['dependencies']![name] === undefined)).toEqual([]);
});

test('The Node that the server needs comes with it, and the guide installs nothing else that it does not need', () => {
  expect(manifest['optionalDependencies']).toHaveProperty('node');
  expect(manifest['devDependencies']).not.toHaveProperty('node');
  const installs = read('docs/operating.md').match(/npm ci.*/g)!;
  expect(installs.length).toBeGreaterThan(1);
  for (const line of installs) expect(line).toContain('--omit=dev');
});

test('The guide uses what a minimal Debian has, and makes each folder before it is used', () => {
  const guide = read('docs/operating.md');
  expect(guide).not.toMatch(/^sudo /m);
  for (const folder of ['/etc/parvis', '/var/backups/parvis', '/var/lib/parvis-restored']) {
    const made = guide.indexOf(`install -d`);
    const lines = guide.split('\n').slice(guide.slice(0, made).split('\n').length - 1);
    const first = lines.find((line) => line.includes(folder) && !line.startsWith('#'));
    expect([folder, first]).toEqual([folder, expect.stringMatching(/install -d/)]);
  }
  expect(read('compose.yaml')).toContain('HSTS: ${PARVIS_HSTS');
});
