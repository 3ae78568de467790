import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { Database } from '#db/database.ts';
import { openDatabase } from '#db/open.ts';
import { createTestDatabase, postgresUrl } from './postgres.ts';
import type { TestDialect } from './test-app.ts';

/** Runs a suite on SQLite and on PostgreSQL. Where PostgreSQL is not installed its half is shown as skipped. */
export function onEachDialect(name: string, suite: (dialect: TestDialect) => void): void {
  describe(`${name} (SQLite)`, () => {
    suite('sqlite');
  });
  describe.skipIf(postgresUrl === undefined)(`${name} (PostgreSQL)`, () => {
    suite('postgres');
  });
}

/** Room for one database. */
export interface DatabaseHome {
  dialect: TestDialect;
  databaseUrl: string | undefined;
  dataDir: string;
  /** Another connection, as another process would have; closed with the home. */
  open(): Promise<Database>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createDatabaseHome(dialect: TestDialect): Promise<DatabaseHome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parvis-db-'));
  const postgres = dialect === 'postgres' ? await createTestDatabase() : undefined;
  const opened: Database[] = [];
  const home = { dialect, databaseUrl: postgres?.url, dataDir };
  return {
    ...home,
    async open() {
      const database = await openDatabase(home);
      opened.push(database);
      return database;
    },
    async [Symbol.asyncDispose]() {
      for (const database of opened) await database.close().catch(() => {});
      await postgres?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
