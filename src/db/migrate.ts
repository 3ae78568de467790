import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { type Database, DatabaseUnavailable, type Db } from '#db/database.ts';
import { missingFrom, readSchema, type Schema } from '#db/schema.ts';

const defaultFolder = join(import.meta.dirname, '../../migrations');

/** A file of the folder. */
interface Migration {
  name: string;
  /** SHA-256 of its text, in hexadecimal. */
  digest: string;
}

interface Applied {
  name: string;
  /** null where it was applied before digests were kept. */
  digest: string | null;
}

/** Why a database cannot be used: a predicate about it, and what its operator can do. */
export interface SchemaProblem {
  finding: string;
  remedy: string;
}

/** Key of the PostgreSQL advisory lock that one migrating process holds. Any constant of ours will do. */
const LOCK = 7_282_847;
const HOUR = 3_600_000;

/**
 * Brings the schema up to date, forward only. All of it happens in one transaction under a lock, so that of two processes that start
 * together one migrates and the other waits, and a crash half-way leaves the old schema. Returns the names of what was applied.
 * (Knex's own runner keeps its lock in a table: a crash would leave it held.)
 * @throws DatabaseUnavailable when the database is not what the migrations make: a newer version's, an edited migration's, or damaged.
 */
export async function migrate(database: Database, folder: string = defaultFolder): Promise<string[]> {
  const migrations = listMigrations(folder);
  return database.transaction((db) => apply(db, migrations, folder), { timeLimit: HOUR });
}

function listMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => {
      // The same for a checkout whose lines end as on Windows.
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n');
      return { name, digest: createHash('sha256').update(text).digest('hex') };
    });
}

/** How the schema differs from what this version wants, without touching it: what would be applied, and what forbids it. */
export async function compareSchema(
  db: Db,
  folder: string = defaultFolder,
): Promise<{ pending: string[]; problem: SchemaProblem | undefined }> {
  const migrations = listMigrations(folder);
  const schema = await readSchema(db);
  const applied = await listApplied(db, schema);
  return {
    pending: pendingOf(migrations, applied).map(({ name }) => name),
    problem: problemOf(schema, applied, migrations, folder),
  };
}

async function listApplied(db: Db, { migration: columns }: Schema): Promise<Applied[]> {
  if (!columns) return [];
  const digest = columns.includes('digest') ? 'digest' : 'NULL AS digest';
  return db.all<Applied>(`SELECT name, ${digest} FROM migration ORDER BY name`);
}

function pendingOf(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const names = new Set(applied.map(({ name }) => name));
  return migrations.filter(({ name }) => !names.has(name));
}

function problemOf(
  schema: Schema,
  applied: readonly Applied[],
  migrations: readonly Migration[],
  folder: string,
): SchemaProblem | undefined {
  const digests = new Map(migrations.map(({ name, digest }) => [name, digest]));
  const unknown = applied.filter(({ name }) => !digests.has(name)).map(({ name }) => name);
  if (unknown.length > 0)
    return {
      finding: `was made by a newer version (it has ${unknown.join(', ')})`,
      remedy: 'install that version again',
    };

  const edited = applied
    .filter(({ name, digest }) => digest !== null && digest !== digests.get(name))
    .map(({ name }) => name);
  if (edited.length > 0)
    return {
      finding: `was made with other text in ${edited.join(', ')} than this version has`,
      remedy:
        'a migration is never edited once it was applied: get the files as they were released ("git checkout migrations"), or install the version that made this database',
    };

  const newest = applied.at(-1);
  if (!newest) return undefined;
  const missing = missingFrom(schema, releasedSchema(folder, newest.name));
  if (missing.length === 0) return undefined;
  const finding = `lacks ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`;
  return newest.digest === null
    ? {
        finding: `${finding}: it comes from before the first version whose databases are upgraded`,
        remedy: 'use it with the version that made it, or begin anew with an empty DATA_DIR or database',
      }
    : { finding: `${finding}, which no version takes away`, remedy: 'stop the server and restore a backup' };
}

/** The tables as they are once the migration `name` is applied. */
function releasedSchema(folder: string, name: string): Schema {
  return JSON.parse(readFileSync(join(folder, 'schemas', name.replace(/\.ts$/, '.json')), 'utf8')) as Schema;
}

async function apply(db: Db, migrations: readonly Migration[], folder: string): Promise<string[]> {
  if (db.dialect === 'postgres') await db.all('SELECT 1 FROM (SELECT pg_advisory_xact_lock(?)) AS locked', [LOCK]);
  await db.run('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)');
  const schema = await readSchema(db);
  const applied = await listApplied(db, schema);
  const problem = problemOf(schema, applied, migrations, folder);
  if (problem) throw new DatabaseUnavailable(`The database ${problem.finding}: ${problem.remedy}`);

  const pending = pendingOf(migrations, applied);
  if (pending.length === 0) return [];
  const builder = await db.schemaBuilder();
  for (const { name } of pending) {
    const { up } = (await import(pathToFileURL(join(folder, name)).href)) as { up(knex: Knex): Promise<void> };
    await up(builder);
    await db.run('INSERT INTO migration (name, applied_at) VALUES (?, ?)', [name, Date.now()]);
  }
  // Only now: the column is made by one of them, and those before it are recorded too, their schema having been compared.
  for (const { name, digest } of migrations)
    await db.run('UPDATE migration SET digest = ? WHERE name = ? AND digest IS NULL', [digest, name]);
  return pending.map(({ name }) => name);
}
