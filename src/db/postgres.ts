import { setTimeout as sleep } from 'node:timers/promises';
import knexFactory, { type Knex } from 'knex';
import pg from 'pg';
import {
  type Database,
  DatabaseUnavailable,
  type Db,
  OVER,
  runHooks,
  type SqlValue,
  toCamelCase,
} from '#db/database.ts';
import { loggerOf } from '#lib/log.ts';

// int8 holds ids, times and counts, all below 2^53. (sum() over int8 is numeric and stays a string.)
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Deadlocks and races: the transaction had no effect and is run again, this often at most. */
const ATTEMPTS = 4;
/** A transaction that waits for anything but the database is a bug: the server ends it after this time (milliseconds). */
const STUCK_AFTER = 10_000;

/** Knex prints what it also throws, on the console: the error says it once. */
const quiet = (() => {
  const note = (message: unknown) => loggerOf('database').debug('Knex: {message}', { message: String(message) });
  return { warn: note, error: note, deprecate: note, debug: note };
})();

/** Opens the PostgreSQL database at `url`. @throws DatabaseUnavailable */
export async function openPostgres(url: string): Promise<Database> {
  const pool = knexFactory({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: 'parvis',
      keepAlive: true,
      idle_in_transaction_session_timeout: STUCK_AFTER,
    },
    pool: { min: 0, max: 10, afterCreate: prepareConnection },
    acquireConnectionTimeout: 10_000,
    log: quiet,
  });
  const underWay = new Set<Promise<unknown>>();
  const database: Database = {
    ...onConnection(async (use) => {
      const connection = await acquire(pool);
      try {
        return await use(connection);
      } catch (error) {
        throw unavailable(error);
      } finally {
        await pool.client.releaseConnection(connection);
      }
    }),
    schemaBuilder: () => Promise.reject(new Error('The schema changes in a transaction')),
    inTransaction: false,
    commitsInOrder: false,
    afterCommit: (hook) => hook(),
    run: () => Promise.reject(new Error('Writes need a transaction: the outer handle only reads')),
    transaction(fn) {
      const work = transaction(pool, fn).finally(() => underWay.delete(work));
      underWay.add(work);
      return work;
    },
    backup: () => Promise.reject(new Error('Back PostgreSQL up with pg_dump')),
    async close() {
      await Promise.allSettled(underWay);
      await pool.destroy();
    },
  };
  try {
    await refuseOtherEncodings(database);
    return database;
  } catch (error) {
    await database.close();
    throw unavailable(error);
  }
}

/** Compiling a query takes 20 ms, which none of ours is worth. Said on each connection: `options` in the URL replace those of the driver. */
function prepareConnection(connection: pg.Client, done: (error: Error | null) => void): void {
  connection.query('SET jit = off', done);
}

/** In any other encoding what some people write could not be saved, one post at a time. */
async function refuseOtherEncodings(database: Db): Promise<void> {
  const row = await database.get<{ serverEncoding: string }>('SHOW server_encoding');
  if (row?.serverEncoding === 'UTF8') return;
  throw new DatabaseUnavailable(
    `The PostgreSQL database has the encoding ${row?.serverEncoding}, which does not hold everything people write: make one with "createdb -O parvis -E UTF8 -T template0 parvis"`,
  );
}

async function acquire(pool: Knex): Promise<pg.ClientBase> {
  try {
    return (await pool.client.acquireConnection()) as pg.ClientBase;
  } catch (error) {
    throw unavailable(error);
  }
}

async function transaction<T>(pool: Knex, fn: (db: Db) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptTransaction(pool, fn);
    } catch (error) {
      if (!isTransient(error) || attempt === ATTEMPTS) throw unavailable(error);
    }
    await sleep(Math.random() * 10 * attempt);
  }
}

async function attemptTransaction<T>(pool: Knex, fn: (db: Db) => Promise<T>): Promise<T> {
  const hooks: (() => void)[] = [];
  let open = true;
  try {
    const value = await pool.transaction(async (trx) => {
      const connection = (await trx.client.acquireConnection()) as pg.ClientBase;
      return fn({
        // The connection goes back to the pool: a handle that outlives its transaction would write into somebody else's.
        ...onConnection((use) => (open ? use(connection) : Promise.reject(new Error(OVER)))),
        schemaBuilder: async () => trx,
        inTransaction: true,
        afterCommit: (hook) => void hooks.push(hook),
      }).finally(() => (open = false));
    });
    runHooks(hooks);
    return value;
  } finally {
    open = false;
  }
}

/**
 * Whether running the transaction again may succeed: deadlocks, serialisation failures, and a row that somebody else inserted after this
 * transaction had looked for it (23505). The second run finds it; on SQLite, where writers take turns, the first would have.
 */
function isTransient(error: unknown): boolean {
  return ['40P01', '40001', '23505'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

const explanations: readonly [code: RegExp, explanation: string][] = [
  [/^53100$/, 'The disk of PostgreSQL is full: nothing was saved. Free some space and try again'],
  [/^(53|57P|08)/, 'PostgreSQL is not available: nothing was saved'],
  [/^25006$/, 'PostgreSQL is read-only: nothing was saved'],
  [
    /^42501$/,
    'PostgreSQL refuses DATABASE_URL: its user may not make tables. Make that user the owner of the database, with ALTER DATABASE … OWNER TO …',
  ],
  [/^(28|3D)/, 'PostgreSQL refuses DATABASE_URL: check its user, password and database'],
  [
    /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOENT)/,
    'PostgreSQL cannot be reached: check that it runs, and DATABASE_URL',
  ],
];

/** What the driver says, without a code, of a connection that broke off. */
const BROKEN_OFF = /Connection terminated|is not queryable/;

function unavailable(error: unknown): unknown {
  if (error instanceof Error && BROKEN_OFF.test(error.message))
    return new DatabaseUnavailable('The connection to PostgreSQL broke off: try again', { cause: error });
  const found = explanations.find(([code]) => code.test(codeOf(error)));
  if (found) return new DatabaseUnavailable(`${found[1]} (${codeOf(error)})`, { cause: error });
  if (error instanceof URIError)
    return new DatabaseUnavailable('DATABASE_URL cannot be read: write % as %25 in its user and password', {
      cause: error,
    });
  const isTimeout = (error as Error | undefined)?.name === 'KnexTimeoutError';
  return isTimeout
    ? new DatabaseUnavailable('PostgreSQL has no free connection: try again later', { cause: error })
    : error;
}

type Query = Pick<Db, 'dialect' | 'all' | 'get' | 'run' | 'skipLocked' | 'forUpdate'>;

function onConnection(withConnection: <R>(use: (connection: pg.ClientBase) => Promise<R>) => Promise<R>): Query {
  const query = (sql: string, params: readonly SqlValue[]) =>
    withConnection((connection) =>
      connection.query<unknown[]>({ ...named(sql), values: params.map(bind), rowMode: 'array' } as pg.QueryArrayConfig),
    );
  const all = async <T>(sql: string, params: readonly SqlValue[] = []): Promise<T[]> => {
    const result = await query(sql, params);
    const keys = result.fields.map((field) => toCamelCase(field.name));
    return result.rows.map((row: unknown[]) => Object.fromEntries(keys.map((key, i) => [key, row[i]])) as T);
  };
  return {
    dialect: 'postgres',
    skipLocked: 'FOR UPDATE SKIP LOCKED',
    forUpdate: 'FOR UPDATE',
    all,
    get: async <T>(sql: string, params: readonly SqlValue[] = []) => (await all<T>(sql, params))[0],
    run: async (sql, params = []) => (await query(sql, params)).rowCount ?? 0,
  };
}

/** Prepared statement of `sql`: named by its text, so that each connection parses it once. */
const statements = new Map<string, { name: string; text: string }>();

function named(sql: string): { name: string; text: string } {
  let statement = statements.get(sql);
  if (!statement) {
    let n = 0;
    statement = { name: `s${statements.size}`, text: sql.replace(/\?/g, () => `$${++n}`) };
    statements.set(sql, statement);
  }
  return statement;
}

function bind(value: SqlValue): string | number | bigint | Buffer | null {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return Number(value);
  // PostgreSQL text cannot hold NUL; what people write never needs it.
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '') : value;
}
