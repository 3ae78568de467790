import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Database, Db } from '#db/database.ts';
import { compareSchema, migrate } from '#db/migrate.ts';
import { openDatabase } from '#db/open.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { SQLITE_FILE } from '#lib/data-folder.ts';
import { createDatabaseHome, onEachDialect } from '../support/databases.ts';
import { FIXTURE_SECRET } from '../support/fixture-secret.ts';
import { createInboxWorld } from '../support/inbox.ts';
import type { TestDialect } from '../support/test-app.ts';
import { buildPost } from '../support/world.ts';

const migrationsFolder = join(import.meta.dirname, '../../migrations');
const fixturesFolder = join(import.meta.dirname, '../fixtures/databases');
const migrations = readdirSync(migrationsFolder)
  .filter((name) => name.endsWith('.ts'))
  .sort();
const fixtures = readdirSync(fixturesFolder).sort();

const unpack = (fixture: string) => gunzipSync(readFileSync(join(fixturesFolder, fixture)));

/** The database that `fixture` is, in its file or in PostgreSQL, where its rows are copied into tables made by the migrations it had. */
async function place(fixture: string, dataDir: string, databaseUrl: string | undefined): Promise<void> {
  const file = join(dataDir, SQLITE_FILE);
  writeFileSync(file, unpack(fixture), { mode: 0o600 });
  if (databaseUrl === undefined) return;
  const source = new DatabaseSync(file, { readOnly: true });
  const target = await openDatabase({ dataDir, databaseUrl });
  try {
    await target.transaction((db) => copyInto(db, source));
  } finally {
    source.close();
    await target.close();
  }
}

async function copyInto(db: Db, source: DatabaseSync): Promise<void> {
  await db.run('CREATE TABLE migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)');
  const applied = source.prepare('SELECT name FROM migration ORDER BY name').all() as { name: string }[];
  for (const { name } of applied) await (await import(join(migrationsFolder, name))).up(await db.schemaBuilder());
  // Rows refer to each other in any order.
  await db.run('SET LOCAL session_replication_role = replica');
  const tables = source.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  for (const { name } of tables.filter((table) => !table.name.startsWith('sqlite_'))) {
    for (const row of source.prepare(`SELECT * FROM "${name}"`).all()) {
      const columns = Object.keys(row);
      const values = Object.values(row).map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
      const sql = `INSERT INTO "${name}" (${columns.map((column) => `"${column}"`).join(',')}) VALUES (${columns.map(() => '?').join(',')})`;
      await db.run(sql, values);
    }
  }
  await db.all("SELECT setval('delivery_id_seq', (SELECT max(id) FROM delivery))");
}

describe('A kept database', () => {
  test('is there for the newest migration, and small', () => {
    expect(fixtures).toContain(`${migrations.at(-1)!.replace(/\.ts$/, '')}.sqlite.gz`);
    for (const fixture of fixtures) expect(readFileSync(join(fixturesFolder, fixture)).length).toBeLessThan(300_000);
  });

  test.each(fixtures)('%s was made by the migrations as they are', async (fixture) => {
    await using home = await createDatabaseHome('sqlite');
    await place(fixture, home.dataDir, undefined);
    expect((await compareSchema(await home.open())).problem).toBeUndefined();
  });
});

onEachDialect('An upgrade', (dialect: TestDialect) => {
  test.each(fixtures)('of %s keeps everything and federates on', async (fixture) => {
    await using world = await createInboxWorld({
      dialect,
      config: { secret: FIXTURE_SECRET },
      prepare: ({ dataDir, databaseUrl }) => place(fixture, dataDir, databaseUrl),
    });
    const { app } = world;
    const { ctx, remote } = app;
    const digests = await ctx.db.all<{ name: string; digest: string }>('SELECT name, digest FROM migration');
    expect(digests.map(({ name }) => name).sort()).toEqual(migrations);
    for (const { digest } of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);

    // What waited is delivered, once the servers are back.
    const inboxes = ['https://one.example/inbox', 'https://two.example/inbox'];
    for (const inbox of inboxes) remote.serve(inbox, { status: 202 });
    app.clock.advance(3_600_000);
    await app.drain();
    app.clock.advance(3_600_000);
    await app.drain();
    const waited = remote.posts.filter((post) => post.body.includes('Waits for servers that are down'));
    expect([...new Set(waited.map(({ url }) => url))].sort()).toEqual(inboxes);

    // Something new goes out, and comes in.
    const alice = (await findAccountByHandle(ctx.db, 'alice', ''))!;
    await buildPost(ctx, alice, { text: 'After the upgrade' });
    await app.drain();
    const news = remote.posts.filter((post) => post.body.includes('After the upgrade'));
    expect([...new Set(news.map(({ url }) => url))].sort()).toEqual(inboxes);
    const zoe = world.actor('zoe@four.example');
    const before = await world.count('follow');
    expect(await world.deliver(zoe, zoe.activity('Follow', alice.uri))).toBe(202);
    expect(await world.count('follow')).toBe(before + 1);
    expect((await ctx.db.all('SELECT id FROM post WHERE deleted_at IS NULL')).length).toBe(4);
  });

  test('of a database from before the first kept one is refused, and changes nothing', async () => {
    await using home = await createDatabaseHome(dialect);
    await place(fixtures[0]!, home.dataDir, home.databaseUrl);
    const database = await home.open();
    // As it was before a migration was edited in place.
    await database.transaction((db) => db.run('DROP TABLE former_mention'));
    await database.transaction((db) => db.run('ALTER TABLE delivery DROP COLUMN account_id'));
    await expect(migrate(database)).rejects.toThrow(
      'The database lacks the column account_id of the table delivery, the table former_mention: it comes from before the first version whose databases are upgraded: use it with the version that made it, or begin anew with an empty DATA_DIR or database',
    );
    expect(await namesOf(database)).toEqual(migrations.slice(0, 4));
  });

  test('by two that start together is done by one of them', async () => {
    await using home = await createDatabaseHome(dialect);
    await place(fixtures[0]!, home.dataDir, home.databaseUrl);
    const databases = await Promise.all([home.open(), home.open(), home.open()]);
    const done = await Promise.all(databases.map((database) => migrate(database)));
    expect(done.filter((names) => names.length > 0)).toEqual([migrations.slice(4)]);
  });
});

async function namesOf(database: Database): Promise<string[]> {
  return (await database.all<{ name: string }>('SELECT name FROM migration ORDER BY name')).map(({ name }) => name);
}
