import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { backup } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Database, DatabaseUnavailable, type SqlValue } from '#db/database.ts';
import { createGroupCommit } from '#db/group-commit.ts';
import {
  connectSqlite,
  explanationOf,
  isBusy,
  type SqliteConnection,
  sqliteCode,
  unavailable,
} from '#db/sqlite-connection.ts';

/** How long to wait for another program's write transaction before giving up (milliseconds). */
const LOCK_PATIENCE = 30_000;
/** SQLite's own waiting blocks the event loop, so a busy lock is reported after this time (milliseconds) and waited for outside. */
const BUSY_TIMEOUT = 5;

const READ_ONLY = 8;

/** Opens (and creates) the SQLite database in `file`: one connection that writes, one that only reads. @throws DatabaseUnavailable */
export function openSqlite(file: string, { lockPatience = LOCK_PATIENCE }: { lockPatience?: number } = {}): Database {
  const { writer, reader } = connect(file, lockPatience);
  const groupCommit = createGroupCommit(writer, lockPatience);
  return {
    ...readingPart(reader),
    transaction: groupCommit.transaction,
    async close() {
      await groupCommit.idle();
      reader.close();
      optimize(writer);
      writer.close();
    },
  };
}

/**
 * Opens the SQLite database in `file` to look at it: makes nothing, changes nothing in it, and works on a disk that cannot be written.
 * @throws DatabaseUnavailable
 */
export function openSqliteForReading(file: string): Database {
  const isAlone = !existsSync(`${file}-wal`);
  const { mtimeNs: before } = statSync(file, { bigint: true, throwIfNoEntry: false }) ?? {};
  const reader = connectForReading(file, { isAlone });
  const part = readingPart(reader);
  return {
    ...part,
    async backup(target) {
      await part.backup(target);
      if (isAlone && statSync(file, { bigint: true }).mtimeNs !== before)
        throw new DatabaseUnavailable('A server wrote into the database while it was copied: try again');
    },
    transaction: () => Promise.reject(new Error('This database was opened for reading')),
    close: async () => reader.close(),
  };
}

function readingPart(reader: SqliteConnection): Omit<Database, 'transaction' | 'close'> {
  return {
    dialect: 'sqlite',
    commitsInOrder: true,
    skipLocked: '',
    forUpdate: '',
    inTransaction: false,
    all: async <T>(sql: string, params?: readonly SqlValue[]) => explained(() => reader.all<T>(sql, params)),
    get: async <T>(sql: string, params?: readonly SqlValue[]) => explained(() => reader.get<T>(sql, params)),
    run: () => Promise.reject(new Error('Writes need a transaction: the outer handle only reads')),
    schemaBuilder: () => Promise.reject(new Error('The schema changes in a transaction')),
    afterCommit: (hook) => hook(),
    async backup(target) {
      // All pages in one step: between steps, every commit of another process would make SQLite begin anew.
      await backup(reader.raw, target, { rate: 0x7fff_ffff });
    },
  };
}

function explained<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // A statement that writes is a mistake of ours, and says nothing of the disk.
    throw sqliteCode(error) === READ_ONLY ? error : unavailable(error);
  }
}

/**
 * In WAL mode even readers write, beside the file, and leave there what they made. Where there is no log, nobody has the file open
 * (`isAlone`), and nothing is missed by reading the file alone, without locks.
 */
function connectForReading(file: string, { isAlone }: { isAlone: boolean }): SqliteConnection {
  const url = pathToFileURL(file);
  if (isAlone) url.searchParams.set('immutable', '1');
  let connection: SqliteConnection | undefined;
  try {
    connection = connectSqlite(url, { busyTimeout: LOCK_PATIENCE, access: 'read' });
    // The first read is what opens the file.
    connection.get('SELECT count(*) AS n FROM sqlite_schema');
    return connection;
  } catch (error) {
    connection?.close();
    throw cannotOpen(file, error);
  }
}

function connect(file: string, lockPatience: number): { writer: SqliteConnection; reader: SqliteConnection } {
  const opened: SqliteConnection[] = [];
  const open = () => {
    // Waits in SQLite while opening: changing to WAL, and recovering what a crashed process left, need everybody's attention.
    const connection = connectSqlite(file, { busyTimeout: lockPatience });
    opened.push(connection);
    connection.raw.exec('PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY');
    return connection;
  };
  try {
    // It holds addresses and password hashes: nobody else's to read, whatever the umask.
    closeSync(openSync(file, 'a', 0o600));
    const writer = open();
    changeToWal(writer, lockPatience);
    writer.raw.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 2000');
    const reader = open();
    reader.raw.exec('PRAGMA query_only = ON');
    // Readers wait for recovery only, which ends. (The first read makes the connection look at the file, and recover it.)
    reader.get('SELECT count(*) AS n FROM sqlite_schema');
    writer.raw.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    return { writer, reader };
  } catch (error) {
    for (const connection of opened) connection.close();
    throw cannotOpen(file, error);
  }
}

/** Where several processes open a new file together, SQLite reports all but one as busy without waiting: they try again. */
function changeToWal(connection: SqliteConnection, patience: number): void {
  const until = performance.now() + patience;
  for (;;) {
    try {
      connection.raw.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_TIMEOUT);
  }
}

function cannotOpen(file: string, error: unknown): DatabaseUnavailable {
  const why = isBusy(error) ? 'another program has it locked' : (explanationOf(error) ?? (error as Error).message);
  return new DatabaseUnavailable(`The database ${file} cannot be opened: ${why}`, { cause: error });
}

/** Refreshes the planner's statistics: welcome at the end, and never worth a failing stop (busy, full or read-only disk). */
function optimize(connection: SqliteConnection): void {
  try {
    connection.raw.exec('PRAGMA optimize');
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error;
  }
}
