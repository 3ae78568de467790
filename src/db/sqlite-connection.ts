import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DatabaseUnavailable, type SqlValue, toCamelCase } from '#db/database.ts';

const CACHED_STATEMENTS = 1_000;

interface Prepared {
  statement: StatementSync;
  keys: readonly string[];
}

/** One SQLite connection with its prepared statements. Everything is synchronous: SQLite works in this thread. */
export interface SqliteConnection {
  readonly raw: DatabaseSync;
  all<T>(sql: string, params?: readonly SqlValue[]): T[];
  get<T>(sql: string, params?: readonly SqlValue[]): T | undefined;
  /** Number of rows changed. */
  run(sql: string, params?: readonly SqlValue[]): number;
  close(): void;
}

export interface ConnectOptions {
  /** How long SQLite itself waits for a lock, blocking this thread (milliseconds). */
  busyTimeout: number;
  /** `read` neither makes nor changes the file; default: `write`. */
  access?: 'read' | 'write';
}

/** Connects to a file, or to a `file:` URL with SQLite's own options. */
export function connectSqlite(file: string | URL, { busyTimeout, access = 'write' }: ConnectOptions): SqliteConnection {
  const raw = new DatabaseSync(file, { timeout: busyTimeout, readOnly: access === 'read' });
  const cache = new Map<string, Prepared>();

  function prepare(sql: string): Prepared {
    let prepared = cache.get(sql);
    if (prepared === undefined) {
      const statement = raw.prepare(sql);
      statement.setReturnArrays(true);
      prepared = { statement, keys: statement.columns().map((column) => toCamelCase(column.name)) };
      if (cache.size >= CACHED_STATEMENTS) cache.delete(cache.keys().next().value!);
      cache.set(sql, prepared);
    }
    return prepared;
  }

  return {
    raw,
    all<T>(sql: string, params: readonly SqlValue[] = []) {
      const { statement, keys } = prepare(sql);
      return (statement.all(...params.map(bind)) as unknown as unknown[][]).map((row) => toObject<T>(keys, row));
    },
    get<T>(sql: string, params: readonly SqlValue[] = []) {
      const { statement, keys } = prepare(sql);
      const row = statement.get(...params.map(bind)) as unknown[] | undefined;
      return row && toObject<T>(keys, row);
    },
    run: (sql, params = []) => Number(prepare(sql).statement.run(...params.map(bind)).changes),
    close: () => raw.close(),
  };
}

function bind(value: SqlValue): string | number | bigint | Buffer | null {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? Number(value) : value;
}

function toObject<T>(keys: readonly string[], row: readonly unknown[]): T {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < keys.length; i++) {
    const value = row[i];
    object[keys[i]!] =
      value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
  }
  return object as T;
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const explanations = new Map([
  [8, 'The database cannot be written (read-only file or disk): nothing was saved'],
  [10, 'The disk failed: nothing was saved'],
  [11, 'The database file is damaged: stop the server and restore a backup'],
  [13, 'The disk is full: nothing was saved. Free some space and try again'],
  [14, 'The database file cannot be opened: check that the folder exists and is writable'],
  [26, 'The database file is not an SQLite database: restore a backup'],
]);

/** Primary result code of an error of SQLite's; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  const extended = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === BUSY || code === LOCKED;
}

/** What an operator can do about an error, where it is the disk's or the file's. */
export function explanationOf(error: unknown): string | undefined {
  const code = sqliteCode(error);
  return code === undefined ? undefined : explanations.get(code);
}

/** The error to report: `DatabaseUnavailable` where the disk or the file is the cause, else the error itself. */
export function unavailable(error: unknown): unknown {
  const explanation = explanationOf(error);
  return explanation === undefined ? error : new DatabaseUnavailable(explanation, { cause: error });
}
