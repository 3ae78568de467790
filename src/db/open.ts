import { join } from 'node:path';
import type { Database } from '#db/database.ts';
import { openSqlite } from '#db/sqlite.ts';

export const SQLITE_FILE = 'parvis.sqlite';

/** Opens the database: PostgreSQL at `databaseUrl`, else SQLite in `dataDir`. @throws DatabaseUnavailable */
export async function openDatabase(options: { databaseUrl: string | undefined; dataDir: string }): Promise<Database> {
  if (options.databaseUrl === undefined) return openSqlite(join(options.dataDir, SQLITE_FILE));
  // Loaded only where it is used: driver and pool take a quarter of the memory that the server has.
  const { openPostgres } = await import('#db/postgres.ts');
  return openPostgres(options.databaseUrl);
}
