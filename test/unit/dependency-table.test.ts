import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The table of oxlint.config.ts at work on a tree of its own, so that no forbidden line ever stands in src. */
const root = join(import.meta.dirname, '../..');
let tree: string;
let findings: Map<string, string[]>;

const using = (path: string) => `import { thing } from '${path}'; export const x = thing;`;
const usingType = (path: string) => `import type { Thing } from '${path}'; export type X = Thing;`;

type Planted = readonly (readonly [file: string, code: string])[];

/** Files that must be refused, by the rule that refuses them: where, and what. */
const refusedBy: Record<string, Planted> = {
  'no-restricted-imports': [
    ['lib/uses-domain.ts', using('#domain/thing.ts')],
    ['lib/uses-context.ts', `import type { Ctx } from '#context.ts'; export type X = Ctx;`],
    ['config.ts', using('#db/thing.ts')],
    ['db/uses-domain.ts', using('#domain/thing.ts')],
    ['storage/uses-db.ts', using('#db/thing.ts')],
    ['remote/uses-domain.ts', using('#domain/thing.ts')],
    ['context.ts', `import type { Thing } from '#activitypub/thing.ts'; export type Ctx = Thing;`],
    ...['jobs', 'http', 'activitypub', 'mastodon', 'oauth', 'web', 'streaming', 'storage', 'remote', 'cli'].map(
      (edge) => [`domain/uses-${edge}.ts`, using(`#${edge}/thing.ts`)] as const,
    ),
    ['domain/posts/uses-type.ts', usingType('#jobs/thing.ts')],
    ['domain/posts/uses-inline-type.ts', `import { type Thing } from '#jobs/thing.ts'; export type X = Thing;`],
    ['domain/posts/uses-later.ts', `export const later = () => import('#jobs/thing.ts');`],
    ['domain/posts/hands-on.ts', `export { thing } from '#jobs/thing.ts';`],
    ['domain/posts/hands-all-on.ts', `export * from '#jobs/thing.ts';`],
    ['domain/posts/goes-around.ts', using('../../jobs/thing.ts')],
    ['domain/posts/goes-beside.ts', using('./thing.ts')],
    ['domain/accounts/uses-posts.ts', using('#domain/posts/thing.ts')],
    ['domain/accounts/uses-type-of-posts.ts', usingType('#domain/posts/thing.ts')],
    ['domain/accounts/upward-store.ts', using('#domain/posts/thing.ts')],
    ['domain/posts/uses-deletion.ts', using('#domain/deletion/thing.ts')],
    ['domain/unplaced/uses-posts.ts', using('#domain/posts/thing.ts')],
    ['domain/uses-posts.ts', using('#domain/posts/thing.ts')],
    ['domain/uses-app.ts', using('#app.ts')],
    ['domain/uses-koa.ts', `import Koa from 'koa'; export const x = new Koa();`],
    ['domain/uses-fedify.ts', `import { Note } from '@fedify/vocab'; export const x = Note;`],
    ['domain/posts/uses-knex.ts', `import knex from 'knex'; export const x = knex;`],
    ['domain/posts/bad-store.ts', using('#jobs/thing.ts')],
    ['domain/posts/koa-store.ts', `import Koa from 'koa'; export const x = new Koa();`],
    ['http/uses-db.ts', using('#db/thing.ts')],
    ['http/uses-posts.ts', using('#domain/posts/thing.ts')],
    ['activitypub/uses-db.ts', using('#db/thing.ts')],
    ['activitypub/inbox/uses-web.ts', using('#web/thing.ts')],
    ['mastodon/uses-activitypub.ts', using('#activitypub/thing.ts')],
    ['mastodon/uses-fedify.ts', `import { Note } from '@fedify/vocab'; export const x = Note;`],
    ['oauth/uses-mastodon.ts', using('#mastodon/thing.ts')],
    ['web/uses-mastodon.ts', using('#mastodon/thing.ts')],
    ['web/uses-knex.ts', `import type { Knex } from 'knex'; export type X = Knex;`],
    ['streaming/uses-mastodon.ts', using('#mastodon/thing.ts')],
    ['jobs/uses-web.ts', using('#web/thing.ts')],
    ['cli/uses-web.ts', using('#web/thing.ts')],
    ['cli/uses-app.ts', using('#app.ts')],
    ['main.ts', using('#domain/thing.ts')],
    ['core.ts', using('#app.ts')],
  ],
  'consistent-type-imports': [['domain/posts/uses-import-type.ts', `export type X = import('#jobs/thing.ts').Thing;`]],
  'no-cycle': [
    ['domain/circle-one.ts', `import { two } from '#domain/circle-two.ts'; export const one = (): unknown => two;`],
    ['domain/circle-two.ts', `import { one } from '#domain/circle-one.ts'; export const two = (): unknown => one;`],
    [
      'domain/type-circle-one.ts',
      `import type { Two } from '#domain/type-circle-two.ts'; export interface One { two?: Two }`,
    ],
    [
      'domain/type-circle-two.ts',
      `import type { Three } from '#domain/type-circle-three.ts'; export interface Two { three?: Three }`,
    ],
    [
      'domain/type-circle-three.ts',
      `import type { One } from '#domain/type-circle-one.ts'; export interface Three { one?: One }`,
    ],
  ],
  'no-process-env': [['domain/reads-environment.ts', `export const x = process.env['HOME'];`]],
};
const forbidden = Object.entries(refusedBy).flatMap(([rule, files]) =>
  files.map(([file, code]) => [file, code, rule] as const),
);

const allowed: Planted = [
  ['lib/uses-lib.ts', using('#lib/thing.ts')],
  [
    'db/uses-knex.ts',
    `import knex from 'knex'; import { thing } from '#lib/thing.ts'; export const x = [knex, thing];`,
  ],
  ['remote/uses-lib.ts', usingType('#lib/thing.ts')],
  ['domain/posts/uses-another-feature.ts', using('#domain/accounts/thing.ts')],
  [
    'domain/posts/accounts-store.ts',
    `import { thing } from '#domain/accounts/thing.ts'; import { other } from '#domain/errors.ts'; export const x = [thing, other];`,
  ],
  ['domain/deletion/uses-posts.ts', using('#domain/posts/thing.ts')],
  ['domain/posts/uses-database.ts', usingType('#db/thing.ts')],
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
  ['streaming/uses-entities.ts', using('#mastodon/entities/thing.ts')],
  ['jobs/uses-domain.ts', using('#domain/thing.ts')],
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
});

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
