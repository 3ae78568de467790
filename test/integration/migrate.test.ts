import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DatabaseUnavailable } from '#db/database.ts';
import { migrate } from '#db/migrate.ts';
import { startNode } from '../support/child.ts';
import { createDatabaseHome, onEachDialect } from '../support/databases.ts';

const all = readdirSync(join(import.meta.dirname, '../../migrations')).filter((name) => name.endsWith('.ts'));

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
    const refused = await migrate(database).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DatabaseUnavailable);
    expect((refused as Error).message).toMatch(
      /made by a newer version \(it has 9999-future\.ts\): install that version again/,
    );
  });
});
