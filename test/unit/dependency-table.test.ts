import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The table of oxlint.config.ts at work on a tree of its own, so that no forbidden line ever stands in src. */
const root = join(import.meta.dirname, '../..');
let tree: string;
let findings: Map<string, string[]>;

/** Files that must be refused: where, what, and the rule that refuses. */
const forbidden: readonly (readonly [file: string, code: string, rule: string])[] = [
  ['lib/uses-domain.ts', `import { thing } from '#domain/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['lib/uses-context.ts', `import type { Ctx } from '#context.ts'; export type X = Ctx;`, 'no-restricted-imports'],
  ['config.ts', `import { thing } from '#db/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['db/uses-domain.ts', `import { thing } from '#domain/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['storage/uses-db.ts', `import { thing } from '#db/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  [
    'remote/uses-domain.ts',
    `import { thing } from '#domain/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'context.ts',
    `import type { Thing } from '#activitypub/thing.ts'; export type Ctx = Thing;`,
    'no-restricted-imports',
  ],
  ...['jobs', 'http', 'activitypub', 'mastodon', 'oauth', 'web', 'streaming', 'storage', 'remote', 'cli'].map(
    (edge) =>
      [
        `domain/uses-${edge}.ts`,
        `import { thing } from '#${edge}/thing.ts'; export const x = thing;`,
        'no-restricted-imports',
      ] as const,
  ),
  [
    'domain/posts/uses-type.ts',
    `import type { Thing } from '#jobs/thing.ts'; export type X = Thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/posts/uses-inline-type.ts',
    `import { type Thing } from '#jobs/thing.ts'; export type X = Thing;`,
    'no-restricted-imports',
  ],
  ['domain/posts/uses-later.ts', `export const later = () => import('#jobs/thing.ts');`, 'no-restricted-imports'],
  ['domain/posts/hands-on.ts', `export { thing } from '#jobs/thing.ts';`, 'no-restricted-imports'],
  ['domain/posts/hands-all-on.ts', `export * from '#jobs/thing.ts';`, 'no-restricted-imports'],
  ['domain/posts/uses-import-type.ts', `export type X = import('#jobs/thing.ts').Thing;`, 'consistent-type-imports'],
  [
    'domain/posts/goes-around.ts',
    `import { thing } from '../../jobs/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/posts/goes-beside.ts',
    `import { thing } from './thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/accounts/uses-posts.ts',
    `import { thing } from '#domain/posts/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/accounts/uses-type-of-posts.ts',
    `import type { Thing } from '#domain/posts/thing.ts'; export type X = Thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/accounts/upward-store.ts',
    `import { thing } from '#domain/posts/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/posts/uses-deletion.ts',
    `import { thing } from '#domain/deletion/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/unplaced/uses-posts.ts',
    `import { thing } from '#domain/posts/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'domain/uses-posts.ts',
    `import { thing } from '#domain/posts/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  ['domain/uses-app.ts', `import { thing } from '#app.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['domain/uses-koa.ts', `import Koa from 'koa'; export const x = new Koa();`, 'no-restricted-imports'],
  ['domain/uses-fedify.ts', `import { Note } from '@fedify/vocab'; export const x = Note;`, 'no-restricted-imports'],
  ['domain/posts/uses-knex.ts', `import knex from 'knex'; export const x = knex;`, 'no-restricted-imports'],
  [
    'domain/posts/bad-store.ts',
    `import { thing } from '#jobs/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  ['domain/posts/koa-store.ts', `import Koa from 'koa'; export const x = new Koa();`, 'no-restricted-imports'],
  ['http/uses-db.ts', `import { thing } from '#db/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  [
    'http/uses-posts.ts',
    `import { thing } from '#domain/posts/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  ['activitypub/uses-db.ts', `import { thing } from '#db/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  [
    'activitypub/inbox/uses-web.ts',
    `import { thing } from '#web/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'mastodon/uses-activitypub.ts',
    `import { thing } from '#activitypub/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  ['mastodon/uses-fedify.ts', `import { Note } from '@fedify/vocab'; export const x = Note;`, 'no-restricted-imports'],
  [
    'oauth/uses-mastodon.ts',
    `import { thing } from '#mastodon/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  [
    'web/uses-mastodon.ts',
    `import { thing } from '#mastodon/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  ['web/uses-knex.ts', `import type { Knex } from 'knex'; export type X = Knex;`, 'no-restricted-imports'],
  [
    'streaming/uses-mastodon.ts',
    `import { thing } from '#mastodon/thing.ts'; export const x = thing;`,
    'no-restricted-imports',
  ],
  ['jobs/uses-web.ts', `import { thing } from '#web/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['cli/uses-web.ts', `import { thing } from '#web/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['cli/uses-app.ts', `import { thing } from '#app.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['main.ts', `import { thing } from '#domain/thing.ts'; export const x = thing;`, 'no-restricted-imports'],
  ['core.ts', `import { thing } from '#app.ts'; export const x = thing;`, 'no-restricted-imports'],
  [
    'domain/circle-one.ts',
    `import { two } from '#domain/circle-two.ts'; export const one = (): unknown => two;`,
    'no-cycle',
  ],
  [
    'domain/circle-two.ts',
    `import { one } from '#domain/circle-one.ts'; export const two = (): unknown => one;`,
    'no-cycle',
  ],
  [
    'domain/type-circle-one.ts',
    `import type { Two } from '#domain/type-circle-two.ts'; export interface One { two?: Two }`,
    'no-cycle',
  ],
  [
    'domain/type-circle-two.ts',
    `import type { Three } from '#domain/type-circle-three.ts'; export interface Two { three?: Three }`,
    'no-cycle',
  ],
  [
    'domain/type-circle-three.ts',
    `import type { One } from '#domain/type-circle-one.ts'; export interface Three { one?: One }`,
    'no-cycle',
  ],
  ['domain/reads-environment.ts', `export const x = process.env['HOME'];`, 'no-process-env'],
];

const allowed: readonly (readonly [file: string, code: string])[] = [
  ['lib/uses-lib.ts', `import { thing } from '#lib/thing.ts'; export const x = thing;`],
  [
    'db/uses-knex.ts',
    `import knex from 'knex'; import { thing } from '#lib/thing.ts'; export const x = [knex, thing];`,
  ],
  ['remote/uses-lib.ts', `import type { Thing } from '#lib/thing.ts'; export type X = Thing;`],
  [
    'domain/posts/uses-another-feature.ts',
    `import { thing } from '#domain/accounts/thing.ts'; export const x = thing;`,
  ],
  [
    'domain/posts/accounts-store.ts',
    `import { thing } from '#domain/accounts/thing.ts'; import { other } from '#domain/errors.ts'; export const x = [thing, other];`,
  ],
  ['domain/deletion/uses-posts.ts', `import { thing } from '#domain/posts/thing.ts'; export const x = thing;`],
  ['domain/posts/uses-database.ts', `import type { Thing } from '#db/thing.ts'; export type X = Thing;`],
  [
    'domain/posts/good-store.ts',
    `import type { Knex } from 'knex'; import type { Thing } from '#db/thing.ts'; export type X = [Knex, Thing];`,
  ],
  [
    'activitypub/uses-domain.ts',
    `import { thing } from '#domain/thing.ts'; import { Note } from '@fedify/vocab'; export const x = [thing, Note];`,
  ],
  ['activitypub/deliveries-store.ts', `import type { Db } from '#db/database.ts'; export type X = Db;`],
  ['web/uses-http.ts', `import { thing } from '#http/thing.ts'; import Koa from 'koa'; export const x = [thing, Koa];`],
  ['streaming/uses-entities.ts', `import { thing } from '#mastodon/entities/thing.ts'; export const x = thing;`],
  ['jobs/uses-domain.ts', `import { thing } from '#domain/thing.ts'; export const x = thing;`],
  [
    'subscribers.ts',
    `import { thing } from '#activitypub/thing.ts'; import { thing as other } from '#jobs/thing.ts'; export const x = [thing, other];`,
  ],
  [
    'app.ts',
    `import { thing } from '#web/thing.ts'; import Koa from 'koa'; export const thingOfApp = [thing, Koa]; export { thing };`,
  ],
];

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'parvis-lint-'));
  for (const file of ['oxlint.config.ts', 'tsconfig.json', 'package.json', '.gitignore'])
    cpSync(join(root, file), join(tree, file));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  const write = (file: string, code: string) => {
    const path = join(tree, 'src', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${code}\n`);
  };
  const folders = [
    'lib',
    'db',
    'storage',
    'remote',
    'domain',
    'domain/posts',
    'domain/accounts',
    'domain/deletion',
    'jobs',
    'http',
    'activitypub',
  ];
  for (const folder of [...folders, 'mastodon', 'mastodon/entities', 'oauth', 'web', 'streaming', 'cli']) {
    write(`${folder}/thing.ts`, `export const thing = 1;\nexport interface Thing {\n  a: 1;\n}`);
  }
  write('db/database.ts', 'export interface Db {\n  a: 1;\n}');
  for (const [file, code] of [...allowed, ...forbidden]) write(file, code);

  const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'unix'], { cwd: tree, encoding: 'utf8' });
  findings = new Map();
  for (const [, file, rule] of stdout.matchAll(/^src\/([^:]+):.*\[Error\/\w+\(([\w-]+)\)\]$/gm)) {
    findings.set(file!, [...(findings.get(file!) ?? []), rule!]);
  }
}, 60_000);

afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe('The dependency table', () => {
  test.each(forbidden)('refuses %s: %s', (file, _, rule) => {
    expect(findings.get(file)).toContain(rule);
  });

  test.each(allowed)('accepts %s: %s', (file) => {
    expect(findings.get(file) ?? []).not.toContain('no-restricted-imports');
    expect(findings.get(file) ?? []).not.toContain('no-cycle');
  });

  test('has a line for everything in src', () => {
    // A file nobody thought of may import nothing that is forbidden, because nothing is: so it must be thought of.
    const strange = readdirSync(join(root, 'src'), { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${entry.name}/x.ts` : entry.name,
    );
    const probe = mkdtempSync(join(tmpdir(), 'parvis-lint-'));
    try {
      for (const file of ['oxlint.config.ts', 'tsconfig.json', 'package.json'])
        cpSync(join(root, file), join(probe, file));
      symlinkSync(join(root, 'node_modules'), join(probe, 'node_modules'));
      for (const file of strange) {
        mkdirSync(dirname(join(probe, 'src', file)), { recursive: true });
        writeFileSync(join(probe, 'src', file), `export { thing } from './nowhere.ts';\n`);
      }
      const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'unix', 'src'], {
        cwd: probe,
        encoding: 'utf8',
      });
      expect(
        strange.filter((file) => !stdout.includes(`src/${file}:1:1: './nowhere.ts' import is restricted`)),
      ).toEqual([]);
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
  });
});
