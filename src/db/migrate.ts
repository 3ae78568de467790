import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { type Database, DatabaseUnavailable, type Db } from '#db/database.ts';

const folder = join(import.meta.dirname, '../../migrations');

interface Migration {
  up(knex: Knex): Promise<void>;
}

/** Key of the PostgreSQL advisory lock that one migrating process holds. Any constant of ours will do. */
const LOCK = 7_282_847;
const HOUR = 3_600_000;

/**
 * Brings the schema up to date, forward only. All of it happens in one transaction under a lock, so that of two processes that start
 * together one migrates and the other waits, and a crash half-way leaves the old schema. Returns the names of what was applied.
 * (Knex's own runner keeps its lock in a table: a crash would leave it held.)
 * @throws DatabaseUnavailable when the database was made by a newer version.
 */
export async function migrate(database: Database): Promise<string[]> {
  const names = listMigrations();
  const migrations = await Promise.all(
    names.map(async (name) => ({ name, ...((await import(pathToFileURL(join(folder, name)).href)) as Migration) })),
  );
  return database.transaction((db) => apply(db, migrations), { timeLimit: HOUR });
}

function listMigrations(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

/** How the schema differs from what this version wants, without touching it: what would be applied, and what a newer version applied. */
export async function compareSchema(db: Db): Promise<{ pending: string[]; unknown: string[] }> {
  const names = listMigrations();
  if (!(await hasMigrationTable(db))) return { pending: names, unknown: [] };
  const applied = (await db.all<{ name: string }>('SELECT name FROM migration')).map((row) => row.name);
  return {
    pending: names.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !names.includes(name)),
  };
}

async function apply(db: Db, migrations: readonly (Migration & { name: string })[]): Promise<string[]> {
  if (db.dialect === 'postgres') await db.all('SELECT 1 FROM (SELECT pg_advisory_xact_lock(?)) AS locked', [LOCK]);
  await db.run('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)');
  const applied = new Set((await db.all<{ name: string }>('SELECT name FROM migration')).map((row) => row.name));
  const unknown = [...applied].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new DatabaseUnavailable(
      `The database was made by a newer version (it has ${unknown.join(', ')}): install that version again`,
    );
  }
  const pending = migrations.filter(({ name }) => !applied.has(name));
  if (pending.length === 0) return [];
  const builder = await db.schemaBuilder();
  for (const { name, up } of pending) {
    await up(builder);
    await db.run('INSERT INTO migration (name, applied_at) VALUES (?, ?)', [name, Date.now()]);
  }
  return pending.map(({ name }) => name);
}

async function hasMigrationTable(db: Db): Promise<boolean> {
  const catalogue = {
    sqlite: "SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = 'migration'",
    postgres:
      "SELECT 1 AS found FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'migration'",
  };
  return (await db.get(catalogue[db.dialect])) !== undefined;
}
