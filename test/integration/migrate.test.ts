import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Database, DatabaseUnavailable } from '#db/database.ts';
import { compareSchema, migrate } from '#db/migrate.ts';
import { readSchema } from '#db/schema.ts';
import { startNode } from '../support/child.ts';
import { createDatabaseHome, onEachDialect } from '../support/databases.ts';

const folder = join(import.meta.dirname, '../../migrations');
const all = readdirSync(folder).filter((name) => name.endsWith('.ts'));

const copies: string[] = [];
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

/** Another version's migrations, to be made from ours. */
function copyMigrations(): string {
  const copy = mkdtempSync(join(tmpdir(), 'parvis-migrations-'));
  copies.push(copy);
  cpSync(folder, copy, { recursive: true });
  return copy;
}

async function refusalOf(database: Database, migrations?: string): Promise<string> {
  const refused = await migrate(database, migrations).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DatabaseUnavailable);
  return (refused as Error).message;
}

test('Migrations are numbered, without a gap: their names are their order', () => {
  for (const [i, name] of all.toSorted().entries())
    expect(name).toMatch(new RegExp(`^${String(i + 1).padStart(4, '0')}-[a-z0-9-]+\\.ts$`));
});

onEachDialect('Migrations', (dialect) => {
  test('bring an empty database up to date, in order, once', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    expect(await migrate(database)).toEqual(all);
    expect(await migrate(database)).toEqual([]);
    expect(
      (await database.all<{ name: string }>('SELECT name FROM migration ORDER BY name')).map((row) => row.name),
    ).toEqual(all);
  });

  test('are done by one of those that start at once, while the others wait', async () => {
    await using home = await createDatabaseHome(dialect);
    const databases = await Promise.all(Array.from({ length: 4 }, () => home.open()));
    const applied = await Promise.all(databases.map((database) => migrate(database)));
    expect(applied.filter((names) => names.length > 0)).toEqual([all]);
  });

  test('are done once by two processes that start together', async () => {
    await using home = await createDatabaseHome(dialect);
    const env = { DATA_DIR: home.dataDir, DATABASE_URL: home.databaseUrl, MODE: 'finish', LOG_LEVEL: 'error' };
    const children = [startNode('test/support/load-process.ts', env), startNode('test/support/load-process.ts', env)];
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0]);
    expect(await migrate(await home.open())).toEqual([]);
  });

  test('that fail half-way leave the schema as it was', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    // In the way of the second migration: the first has done its work by then.
    await database.transaction((db) => db.run('CREATE TABLE account (id BIGINT PRIMARY KEY)'));
    await expect(migrate(database)).rejects.toThrow(/account/);
    await expect(database.all('SELECT name FROM migration')).rejects.toThrow();
    await expect(database.all('SELECT slot FROM process_slot')).rejects.toThrow();
    await database.transaction((db) => db.run('DROP TABLE account'));
    expect(await migrate(database)).toEqual(all);
  });

  test('that a killed process had begun leave the schema as it was', async () => {
    await using home = await createDatabaseHome(dialect);
    const child = startNode('test/support/half-migrated-process.ts', {
      DATA_DIR: home.dataDir,
      DATABASE_URL: home.databaseUrl,
    });
    await child.says(/^half-way$/m);
    child.process.kill('SIGKILL');
    await child.ended;
    const database = await home.open();
    expect(await migrate(database)).toEqual(all);
  });

  test('refuse a database of a newer version, and leave it', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    await database.transaction((db) => db.run(`INSERT INTO migration (name, applied_at) VALUES ('9999-future.ts', 0)`));
    expect(await refusalOf(database)).toBe(
      'The database was made by a newer version (it has 9999-future.ts): install that version again',
    );
  });

  test('of an older version refuse a newer database', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    const older = copyMigrations();
    rmSync(join(older, all.at(-1)!));
    expect(await refusalOf(database, older)).toBe(
      `The database was made by a newer version (it has ${all.at(-1)}): install that version again`,
    );
    expect((await compareSchema(database, older)).problem?.remedy).toBe('install that version again');
  });

  test('refuse a database that was made before one of them was edited', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    const edited = copyMigrations();
    appendFileSync(join(edited, '0003-posts.ts'), '// edited\n');
    expect(await refusalOf(database, edited)).toMatch(
      /^The database was made with other text in 0003-posts\.ts than this version has: .*git checkout migrations/,
    );
    expect((await compareSchema(database, edited)).problem?.finding).toMatch(/0003-posts\.ts/);
  });

  test('are the same whatever ends their lines', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    const copy = copyMigrations();
    for (const name of all)
      writeFileSync(join(copy, name), readFileSync(join(copy, name), 'utf8').replaceAll('\n', '\r\n'));
    expect(await migrate(database, copy)).toEqual([]);
  });

  test('refuse a database that lacks a column or a table', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    expect((await compareSchema(database)).problem).toBeUndefined();
    await database.transaction((db) => db.run('ALTER TABLE post DROP COLUMN fetched_at'));
    await database.transaction((db) => db.run('DROP TABLE pin'));
    expect(await refusalOf(database)).toBe(
      'The database lacks the table pin, the column fetched_at of the table post, which no version takes away: stop the server and restore a backup',
    );
    expect((await compareSchema(database)).problem?.finding).toMatch(/^lacks the table pin/);
  });

  test('leave what an operator added for himself', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    await database.transaction((db) => db.run('CREATE TABLE operator_notes (note TEXT)'));
    await database.transaction((db) => db.run('ALTER TABLE post ADD COLUMN operator_mark TEXT'));
    expect(await migrate(database)).toEqual([]);
  });

  test('make the schema that is kept for the newest of them', async () => {
    await using home = await createDatabaseHome(dialect);
    const database = await home.open();
    await migrate(database);
    const kept = join(folder, 'schemas', all.toSorted().at(-1)!.replace(/ts$/, 'json'));
    expect(await readSchema(database)).toEqual(JSON.parse(readFileSync(kept, 'utf8')));
  });
});
