import type { Db } from '#db/database.ts';

/** The names of the columns of each table, both sorted. */
export type Schema = Readonly<Record<string, readonly string[]>>;

const catalogue = {
  sqlite:
    "SELECT t.name AS table_name, c.name AS column_name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  postgres: 'SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()',
};

/** The tables that the database has. */
export async function readSchema(db: Db): Promise<Schema> {
  const tables = new Map<string, string[]>();
  for (const { tableName, columnName } of await db.all<{ tableName: string; columnName: string }>(
    catalogue[db.dialect],
  )) {
    const columns = tables.get(tableName);
    if (columns) columns.push(columnName);
    else tables.set(tableName, [columnName]);
  }
  return Object.fromEntries([...tables].toSorted(byName).map(([table, columns]) => [table, columns.toSorted()]));
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

/** What `actual` lacks of `expected`, in words; what it has besides does no harm. */
export function missingFrom(actual: Schema, expected: Schema): string[] {
  return Object.entries(expected).flatMap(([table, columns]) => {
    const present = actual[table];
    if (!present) return [`the table ${table}`];
    return columns.filter((name) => !present.includes(name)).map((name) => `the column ${name} of the table ${table}`);
  });
}
