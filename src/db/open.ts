import { join } from 'node:path';
import type { Database } from '#db/database.ts';
import { openSqlite, openSqliteForReading } from '#db/sqlite.ts';
import { SQLITE_FILE } from '#lib/data-folder.ts';

interface Place {
  /** undefined means SQLite in `dataDir`. */
  databaseUrl: string | undefined;
  dataDir: string;
}

/** Opens the database, and makes it where it is SQLite and not there: PostgreSQL at `databaseUrl`, else SQLite. @throws DatabaseUnavailable */
export async function openDatabase({ databaseUrl, dataDir }: Place): Promise<Database> {
  return databaseUrl === undefined ? openSqlite(join(dataDir, SQLITE_FILE)) : openServer(databaseUrl);
}

/**
 * Opens the database to look at it, or to copy it: a file of SQLite's is neither made nor changed, and may be on a disk that cannot be
 * written. No transactions. @throws DatabaseUnavailable
 */
export async function openForReading({ databaseUrl, dataDir }: Place): Promise<Database> {
  return databaseUrl === undefined ? openSqliteForReading(join(dataDir, SQLITE_FILE)) : openServer(databaseUrl);
}

async function openServer(databaseUrl: string): Promise<Database> {
  // Loaded only where it is used: driver and pool take a quarter of the memory that the server has.
  const { openPostgres } = await import('#db/postgres.ts');
  return openPostgres(databaseUrl);
}
