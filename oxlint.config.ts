import { defineConfig, type OxlintConfig } from 'oxlint';

/** The features, lowest first: each may import those of the rows above it, and none of its own row. */
const features: readonly (readonly string[])[] = [
  ['accounts', 'blocks'],
  ['instance', 'notifications'],
  ['home', 'sign-in'],
  ['relationships'],
  ['posts'],
  ['timelines'],
  ['deletion'],
];
/** What every feature may import. */
const forFeatures = ['config.ts', 'context.ts', 'db/**', 'domain/*.ts', 'lib/**'];

/**
 * Who may import whom, of `src/`: what is not listed is forbidden, values and types, static and dynamic. The reasons are in
 * ARCHITECTURE.md. `stores` are the additional rights of a folder's `*-store.ts` files, the only places with SQL.
 */
const table: Record<string, { ours: readonly string[]; npm: readonly Guarded[]; stores?: readonly string[] }> = {
  'lib/**': { ours: ['lib/**'], npm: [] },
  'config.ts': { ours: ['lib/**'], npm: [] },
  'db/**': { ours: ['db/**', 'lib/**'], npm: ['database'] },
  'storage/**': { ours: ['storage/**', 'lib/**'], npm: [] },
  'remote/**': { ours: ['remote/**', 'lib/**'], npm: [] },
  'context.ts': { ours: ['config.ts', 'lib/**', 'db/database.ts', 'domain/events.ts'], npm: [] },
  'domain/**': { ours: forFeatures, npm: [] },
  // Behind `domain/**`, since the last row that fits a file counts.
  ...Object.fromEntries(
    features.flatMap((row, at) =>
      row.map((feature) => {
        const below = features.slice(0, at).flat();
        const ours = [...forFeatures, ...[...below, feature].map((name) => `domain/${name}/**`)];
        return [`domain/${feature}/**`, { ours, npm: [] }];
      }),
    ),
  ),
  'jobs/**': { ours: ['config.ts', 'context.ts', 'db/**', 'domain/**', 'jobs/**', 'lib/**'], npm: [] },
  'operation/**': {
    ours: ['config.ts', 'context.ts', 'db/**', 'domain/**', 'jobs/**', 'lib/**', 'operation/**'],
    npm: [],
  },
  'http/**': {
    ours: ['config.ts', 'context.ts', 'domain/errors.ts', 'domain/sign-in/**', 'http/**', 'lib/**'],
    npm: ['web'],
  },
  'activitypub/**': {
    ours: ['activitypub/**', 'config.ts', 'context.ts', 'domain/**', 'http/**', 'lib/**'],
    npm: ['web', 'fedify'],
    stores: ['db/database.ts'],
  },
  'mastodon/**': { ours: ['config.ts', 'context.ts', 'domain/**', 'http/**', 'lib/**', 'mastodon/**'], npm: ['web'] },
  'oauth/**': { ours: ['config.ts', 'context.ts', 'domain/**', 'http/**', 'lib/**', 'oauth/**'], npm: ['web'] },
  'web/**': { ours: ['config.ts', 'context.ts', 'domain/**', 'http/**', 'lib/**', 'web/**'], npm: ['web'] },
  'streaming/**': {
    ours: ['config.ts', 'context.ts', 'domain/**', 'http/**', 'lib/**', 'mastodon/entities/**', 'streaming/**'],
    npm: ['web'],
  },
  // The composition imports everything, and nobody but the entries imports it.
  'subscribers.ts': { ours: ['*.ts', '*/**', '!core.ts', '!app.ts', '!main.ts', '!cli.ts', '!cli/**'], npm: [] },
  'core.ts': { ours: ['*.ts', '*/**', '!app.ts', '!main.ts', '!cli.ts', '!cli/**'], npm: [] },
  'app.ts': { ours: ['*.ts', '*/**', '!main.ts', '!cli.ts', '!cli/**'], npm: ['web'] },
  'main.ts': { ours: ['app.ts', 'config.ts', 'lib/**'], npm: [] },
  'cli.ts': { ours: ['cli/**'], npm: [] },
  'cli/**': { ours: ['cli/**', 'config.ts', 'context.ts', 'core.ts', 'domain/**', 'lib/**', 'operation/**'], npm: [] },
};

/** npm packages that have one home. */
const guarded = {
  database: { packages: 'knex|node:sqlite|pg', home: 'in db/, *-store.ts and migrations' },
  fedify: { packages: '@fedify/.+', home: 'in activitypub/' },
  web: { packages: 'koa|@koa/.+|eta', home: 'in http/, the edges and app.ts' },
};
type Guarded = keyof typeof guarded;

function restrictImports(
  folder: string,
  ours: readonly string[],
  npm: readonly Guarded[],
): NonNullable<OxlintConfig['rules']> {
  const patterns = [
    // Of a list in the manner of .gitignore the last match counts. Without lookahead, which oxlint's regular expressions do not have (and
    // silently ignore), this is how to say "everything but".
    {
      group: ['\\#*', '\\#*/**', ...ours.map((path) => (path.startsWith('!') ? `\\#${path.slice(1)}` : `!\\#${path}`))],
      message: `src/${folder} may not import this: see the table in oxlint.config.ts.`,
    },
    { regex: String.raw`^\.\.?(/|$)`, message: 'Write #folder/file.ts, so that the table is checked.' },
    ...Object.entries(guarded)
      .filter(([name]) => !npm.includes(name as Guarded))
      .map(([, { packages, home }]) => ({ regex: `^(${packages})(/|$)`, message: `Only ${home}.` })),
  ];
  return { 'no-restricted-imports': ['error', { patterns }] };
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'node/no-process-env': 'error',
    'no-console': 'error',

    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/use-unknown-in-catch-callback-variable': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    'typescript/no-explicit-any': 'error',
    'typescript/prefer-readonly': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    eqeqeq: ['error', 'always'],
    'prefer-const': 'error',
    'no-var': 'error',
    'no-else-return': 'error',
    // `import knex from 'knex'` is how these packages are meant to be imported.
    'import/no-named-as-default-member': 'off',
    // Rows and JSON get their types by assertion, in one place each; validation is zod's.
    'typescript/no-unsafe-type-assertion': 'off',
    // A function stays beside what it is for.
    'unicorn/consistent-function-scoping': 'off',
    // `_` is what is left out of a copy.
    'no-underscore-dangle': 'off',
    // `[...new]` arrays are sorted in place.
    'unicorn/no-array-sort': 'off',
    // Some tests expect by throwing, or in a loop over what may be there.
    'vitest/expect-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    // That it throws at all is often the point: the words are OpenSSL's or SQLite's.
    'vitest/require-to-throw-message': 'off',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    // TypeScript's noImplicitReturns says it better.
    'typescript/consistent-return': 'off',
    // `Boolean(row.locked)` looks needless: rows are typed as what they become, and hold 0 and 1.
    'typescript/no-unnecessary-type-conversion': 'off',
    // `db.get<Row>(sql)`: the type parameter is the assertion.
    'typescript/no-unnecessary-type-parameters': 'off',
    // Objects here are made of functions that know no `this`.
    'typescript/unbound-method': 'off',
    // Does not see what closures change.
    'no-unmodified-loop-condition': 'off',
    'import/no-default-export': 'error',
    'unicorn/no-typeof-undefined': 'error',
    'unicorn/prefer-node-protocol': 'error',
  },
  overrides: [
    ...Object.entries(table).flatMap(([folder, { ours, npm, stores = [] }]) => [
      { files: [`src/${folder}`], rules: restrictImports(folder, ours, npm) },
      // An override replaces the options of the one before: a store's list is its folder's and more.
      ...(folder.endsWith('/**')
        ? [
            {
              files: [`src/${folder}/*-store.ts`],
              rules: restrictImports(folder, [...ours, ...stores], [...npm, 'database']),
            },
          ]
        : []),
    ]),
    {
      files: ['bin/**', 'src/config.ts', 'test/**', '*.config.ts'],
      rules: { 'node/no-process-env': 'off' },
    },
    {
      files: ['bin/**', 'src/main.ts', 'src/cli.ts', 'src/cli/**', 'test/bench/**', 'test/e2e/**', 'test/support/**'],
      rules: { 'no-console': 'off' },
    },
    // What their programs ask for.
    {
      files: ['*.config.ts', 'test/support/global-setup.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
  ],
});
