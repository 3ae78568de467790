import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import type { SqliteConnection } from '#db/sqlite-connection.ts';

/**
 * Knex on an open SQLite connection, for migrations: its schema builder writes what both databases understand. Loaded only then: it takes
 * a fifth of the memory that the server has.
 */
export async function openBuilder(connection: SqliteConnection): Promise<Knex> {
  const { default: knexFactory } = await import('knex');
  // Knex knows no driver that is part of Node; its dialect class, the place it documents for subclassing, has no types.
  const SqliteClient = createRequire(import.meta.url)('knex/lib/dialects/sqlite3/index.js') as new (
    config: Knex.Config,
  ) => Knex.Client;

  class NodeSqliteClient extends SqliteClient {
    _driver() {
      return {};
    }
    override async acquireRawConnection() {
      return connection;
    }
    override async destroyRawConnection() {
      // The connection is closed by its owner.
    }
    async _query(
      _connection: unknown,
      query: { sql: string; bindings?: never[]; response?: unknown; context?: unknown },
    ) {
      const statement = connection.raw.prepare(query.sql);
      const bindings = query.bindings ?? [];
      if (statement.columns().length > 0) {
        query.response = statement.all(...bindings);
      } else {
        const { changes, lastInsertRowid } = statement.run(...bindings);
        query.context = { changes, lastID: lastInsertRowid };
      }
      return query;
    }
  }

  return knexFactory({
    client: NodeSqliteClient as unknown as typeof Knex.Client,
    // Never opened: Knex only insists on a name.
    connection: { filename: ':memory:' },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
  });
}
