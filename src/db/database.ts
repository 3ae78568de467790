import type { Knex } from 'knex';
import { ExpectedError } from '#lib/expected-error.ts';
import { loggerOf } from '#lib/log.ts';

export type SqlValue = string | number | bigint | boolean | Buffer | null | undefined;

/**
 * A handle on the database, the same for SQLite and PostgreSQL.
 *
 * SQL is written once, with `?` for parameters and snake_case names; rows come back with camelCase keys. Statements are prepared once per
 * connection and cached by their text: write constant texts (`list` keeps the number of shapes small) and never values in them.
 */
export interface Db {
  readonly dialect: 'sqlite' | 'postgres';
  all<T>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  get<T>(sql: string, params?: readonly SqlValue[]): Promise<T | undefined>;
  /** Number of rows changed. Only in a transaction: the outer handle reads. */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Knex on this transaction's connection, for migrations: the schema in words that both databases understand. */
  schemaBuilder(): Promise<Knex>;
  /** Runs `hook` once the transaction is on disk; at once outside a transaction. It must not throw: nobody is left to tell. */
  afterCommit(hook: () => void): void;
  readonly inTransaction: boolean;
  /** What to append to a claiming sub-select so that two workers pass over each other's rows. */
  readonly skipLocked: string;
  /** What to append to a select whose rows this transaction is about to change. */
  readonly forUpdate: string;
}

export interface TransactionOptions {
  /** Milliseconds after which a transaction counts as stuck and is rolled back (SQLite, where everybody else waits for it). */
  timeLimit?: number;
}

/** The outer handle: reads see what is committed, writes go through `transaction`. */
export interface Database extends Db {
  /** Whether transactions take effect in the order in which they were asked for. */
  readonly commitsInOrder: boolean;
  /**
   * Runs `fn` in a write transaction and resolves once it is on disk. `fn` works on the handle it is given, awaits nothing but the
   * database, and has no other effects: PostgreSQL settles deadlocks and races by running it again. On SQLite the transactions that wait in the same tick share one BEGIN IMMEDIATE … COMMIT, each
   * in its own savepoint, so that they share the fsync.
   */
  transaction<T>(fn: (db: Db) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Consistent copy into `file`, while others read and write (SQLite only). Blocks this process: for commands, not for servers. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

/** The disk is full, read-only, or the database stays locked: nothing was changed and the caller may try again later. */
export class DatabaseUnavailable extends ExpectedError {
  override name = 'DatabaseUnavailable';
}

/**
 * `IN` list of varying length: `WHERE id ${ids.sql}` with `...ids.values`. Padded to a power of two by repeating the last value, so that a
 * handful of prepared statements serves every length. An empty list matches nothing.
 */
export function list(values: readonly (number | string)[]): {
  sql: string;
  values: readonly (number | string | null)[];
} {
  if (values.length === 0) return { sql: 'IN (?)', values: [null] };
  const size = 2 ** Math.ceil(Math.log2(values.length));
  const last = values[values.length - 1]!;
  const padded =
    values.length === size ? values : [...values, ...Array.from({ length: size - values.length }, () => last)];
  return { sql: `IN (${Array.from({ length: size }, () => '?').join(',')})`, values: padded };
}

/**
 * Rows to insert with one statement: `INSERT INTO tag (id, name) ${rows.sql} ON CONFLICT DO NOTHING` with `...rows.values`. Padded as `list`,
 * by repeating the last row, so that repeated rows must do no harm. At least one row.
 */
export function valuesOf(rows: readonly (readonly SqlValue[])[]): { sql: string; values: readonly SqlValue[] } {
  const size = 2 ** Math.ceil(Math.log2(rows.length));
  const padded = [...rows, ...Array.from({ length: size - rows.length }, () => rows.at(-1)!)];
  const row = `(${rows[0]!.map(() => '?').join(',')})`;
  return { sql: `VALUES ${padded.map(() => row).join(',')}`, values: padded.flat() };
}

/** What a handle says when it is used after its transaction. */
export const OVER = 'This transaction is over: its handle cannot be used any more';

/** Runs hooks of a committed transaction. One that throws is a bug that must neither undo what is on disk nor stop the other hooks. */
export function runHooks(hooks: readonly (() => void)[]): void {
  for (const hook of hooks) {
    try {
      hook();
    } catch (error) {
      loggerOf('database').error('A hook after a commit failed: {message}', { message: String(error) });
    }
  }
}

/**
 * The next `version` of a row, as in `SET version = ${nextVersion}` with the time of the change given twice. Greater than before in any
 * case: caches compare it, and two changes may share a millisecond, or the clock may step back.
 */
export const nextVersion = 'CASE WHEN CAST(? AS BIGINT) > version THEN CAST(? AS BIGINT) ELSE version + 1 END';

/** Remembers the camelCase of column names. */
const camel = new Map<string, string>();

export function toCamelCase(column: string): string {
  let name = camel.get(column);
  if (name === undefined) {
    name = column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    camel.set(column, name);
  }
  return name;
}
