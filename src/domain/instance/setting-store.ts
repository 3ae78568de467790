import type { Db } from '#db/database.ts';

/** The name of what the owner says of this place, which holds its own version. */
export const INSTANCE_SETTINGS = 'instance';

/** The version of `INSTANCE_SETTINGS`, given as it is stored; 0 where nobody has set anything yet. */
export function instanceVersionOf(value: string | null): number {
  return value === null ? 0 : ((JSON.parse(value) as { version?: number }).version ?? 0);
}

/** A value stored under a name, undefined where there is none. */
export async function readSetting<T>(db: Db, name: string): Promise<T | undefined> {
  const row = await db.get<{ value: string }>('SELECT value FROM setting WHERE name = ?', [name]);
  return row && (JSON.parse(row.value) as T);
}

export async function writeSetting(db: Db, name: string, value: unknown): Promise<void> {
  await db.run(
    'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [name, JSON.stringify(value)],
  );
}

/** False when there was none: of two who take it away, one learns that it was not them. */
export async function deleteSetting(db: Db, name: string): Promise<boolean> {
  return (await db.run('DELETE FROM setting WHERE name = ?', [name])) > 0;
}
