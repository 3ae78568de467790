import type { Database } from '#db/database.ts';

/** What is wrong with the files of a database (SQLite; PostgreSQL looks after its own); undefined when nothing is. Reads all of it. */
export async function checkDatabase(database: Database): Promise<string | undefined> {
  if (database.dialect === 'postgres') return undefined;
  try {
    const [first] = await database.all<{ quickCheck: string }>('PRAGMA quick_check(1)');
    return first?.quickCheck === 'ok' ? undefined : `its database is damaged (${first?.quickCheck ?? 'no answer'})`;
  } catch (error) {
    return `its database cannot be read (${(error as Error).message})`;
  }
}
