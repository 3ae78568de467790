import type { Database } from '#db/database.ts';
import { openForReading } from '#db/open.ts';

/** What is wrong with the files of a database (SQLite; PostgreSQL looks after its own); undefined when nothing is. Reads all of it. */
export async function checkDatabase(database: Database): Promise<string | undefined> {
  if (database.dialect === 'postgres') return undefined;
  try {
    const [first] = await database.all<{ quickCheck: string }>('PRAGMA quick_check(1)');
    const found = (first?.quickCheck ?? 'no answer').replaceAll('\n', ' ');
    return found === 'ok' ? undefined : `the database is damaged (${found})`;
  } catch (error) {
    // In the words of SQLite: what to do about it, the caller says.
    const { cause = error } = error as Error;
    return `the database cannot be read (${(cause as Error).message})`;
  }
}

/** The same of the SQLite database in a folder that nobody else uses: a snapshot, or what came out of a backup. */
export async function examineCopy(folder: string): Promise<string | undefined> {
  let database: Database;
  try {
    database = await openForReading({ databaseUrl: undefined, dataDir: folder });
  } catch (error) {
    return (error as Error).message;
  }
  try {
    return await checkDatabase(database);
  } finally {
    await database.close();
  }
}
