import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable, type Db, OVER, runHooks, type TransactionOptions } from '#db/database.ts';
import { openBuilder } from '#db/schema-builder.ts';
import { isBusy, type SqliteConnection, sqliteCode, unavailable } from '#db/sqlite-connection.ts';

/** Transactions that may share one commit, and for how long they may hold it (milliseconds): keeps the event loop answering. */
const GROUP_SIZE = 128;
const GROUP_TIME = 12;
/** Once a lock has outlasted all patience, the next transactions wait for this share of it: nobody waits again and again. */
const SHARE_AFTER = 1 / 6;
/** A transaction that waits for anything but the database is a bug: it is rolled back after this time (milliseconds). */
const STUCK_AFTER = 10_000;

interface Unit {
  fn: (db: Db) => Promise<unknown>;
  timeLimit: number;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

interface Done {
  unit: Unit;
  value: unknown;
  hooks: (() => void)[];
}

export interface GroupCommit {
  transaction<T>(fn: (db: Db) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Resolves once nothing waits for a commit. */
  idle(): Promise<void>;
}

/**
 * Write transactions on one SQLite connection. Those that wait in the same turn of the event loop run in savepoints of one
 * BEGIN IMMEDIATE … COMMIT: each fails alone, and they share the fsync.
 */
export function createGroupCommit(connection: SqliteConnection, lockPatience: number): GroupCommit {
  const queue: Unit[] = [];
  let draining: Promise<void> | undefined;
  let patience = lockPatience;

  const transaction = <T>(
    fn: (db: Db) => Promise<T>,
    { timeLimit = STUCK_AFTER }: TransactionOptions = {},
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      queue.push({ fn, timeLimit, resolve: resolve as (value: unknown) => void, reject });
      draining ??= drain();
    });

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      // Not at once: whatever else wants to write in this turn of the event loop joins the group. And not without a turn in between:
      // SQLite answers at once, so whoever writes in a loop would let nothing but microtasks run, and no request be answered.
      await setImmediate();
      await commitGroup();
    }
    draining = undefined;
  }

  async function commitGroup(): Promise<void> {
    const done: Done[] = [];
    const group: Unit[] = [];
    try {
      await begin(connection, patience);
      patience = lockPatience;
    } catch (error) {
      patience = lockPatience * SHARE_AFTER;
      for (const unit of queue.splice(0, GROUP_SIZE)) unit.reject(error);
      return;
    }
    try {
      const started = performance.now();
      while (queue.length > 0 && group.length < GROUP_SIZE && performance.now() - started < GROUP_TIME) {
        const unit = queue.shift()!;
        group.push(unit);
        const outcome = await runUnit(unit);
        if (outcome) done.push(outcome);
      }
      connection.run('COMMIT');
    } catch (error) {
      // The commit failed, or SQLite gave up the whole transaction (disk full, I/O error): nobody's changes are on disk.
      for (const unit of group) unit.reject(unavailable(error));
      rollBack(connection);
      return;
    }
    for (const { unit, value, hooks } of done) {
      unit.resolve(value);
      runHooks(hooks);
    }
  }

  /** Runs one transaction in a savepoint. Undefined when it was rolled back (and rejected). @throws when the whole group is lost. */
  async function runUnit(unit: Unit): Promise<Done | undefined> {
    const { db, hooks, end } = transactionHandle(connection);
    connection.run('SAVEPOINT unit');
    try {
      const value = await withinTime(unit.fn(db), unit.timeLimit);
      connection.run('RELEASE unit');
      return { unit, value, hooks };
    } catch (error) {
      if (!connection.raw.isTransaction) throw error;
      connection.run('ROLLBACK TO unit');
      connection.run('RELEASE unit');
      unit.reject(unavailable(error));
      return undefined;
    } finally {
      end();
    }
  }

  return { transaction, idle: async () => draining };
}

/** The handle that one transaction works on: fails loudly when it is used afterwards. */
function transactionHandle(connection: SqliteConnection): { db: Db; hooks: (() => void)[]; end(): void } {
  const hooks: (() => void)[] = [];
  let open = true;
  const usable = (): SqliteConnection => {
    if (!open) throw new Error(OVER);
    return connection;
  };
  let builder: ReturnType<typeof openBuilder> | undefined;
  const db: Db = {
    dialect: 'sqlite',
    skipLocked: '',
    forUpdate: '',
    inTransaction: true,
    all: async (sql, params) => usable().all(sql, params),
    get: async (sql, params) => usable().get(sql, params),
    run: async (sql, params) => usable().run(sql, params),
    schemaBuilder: () => (builder ??= openBuilder(usable())),
    afterCommit: (hook) => void hooks.push(hook),
  };
  return {
    db,
    hooks,
    end() {
      open = false;
      // Its pool would keep the process alive.
      void builder?.then((knex) => knex.destroy());
    },
  };
}

async function withinTime<T>(work: Promise<T>, limit: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('A transaction waited for something else than the database')), limit);
  });
  try {
    return await Promise.race([work, stuck]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Takes the write lock. IMMEDIATE, because a deferred transaction that reads and then writes fails with "database is locked" as soon as
 * another process wrote in between, whatever the busy timeout. The waiting is ours: SQLite's own would block the event loop.
 */
async function begin(connection: SqliteConnection, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      connection.run('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error)) throw unavailable(error);
      if (performance.now() > deadline)
        throw new DatabaseUnavailable('The database is locked by another program: nothing was saved', { cause: error });
    }
    await sleep(pause * (0.5 + Math.random()));
  }
}

/** Ends a transaction that failed. A failing ROLLBACK leaves nothing to do: closing or the next recovery drops what was written. */
function rollBack(connection: SqliteConnection): void {
  try {
    if (connection.raw.isTransaction) connection.run('ROLLBACK');
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error;
  }
}
