import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, DatabaseUnavailable, type Db } from '#db/database.ts';
import { openSqlite } from '#db/sqlite.ts';

let folder: string;
let file: string;
let database: Database;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parvis-trouble-'));
  file = join(folder, 'parvis.sqlite');
  database = openSqlite(file, { lockPatience: 400 });
  await database.transaction((db) => db.run('CREATE TABLE item (id INTEGER PRIMARY KEY, data BLOB)'));
});

afterEach(async () => {
  await database.close().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
});

const insert = (db: Db, id: number, size = 1) =>
  db.run('INSERT INTO item (id, data) VALUES (?, ?)', [id, Buffer.alloc(size)]);
const count = async (of: Database = database) => (await of.get<{ n: number }>('SELECT count(*) AS n FROM item'))!.n;

describe('An SQLite file', () => {
  test('is for nobody else to read, with what stands beside it', () => {
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(file + suffix).mode & 0o077).toBe(0);
  });

  test('is durable: success means on disk', async () => {
    expect(await database.transaction((db) => db.get('PRAGMA synchronous'))).toEqual({ synchronous: 2 });
    expect(await database.get('PRAGMA journal_mode')).toEqual({ journalMode: 'wal' });
    expect(await database.transaction((db) => db.get('PRAGMA foreign_keys'))).toEqual({ foreignKeys: 1 });
  });

  test('cannot be written through the reading connection', async () => {
    await expect(database.all('INSERT INTO item (id) VALUES (1) RETURNING id')).rejects.toThrow(
      'attempt to write a readonly database',
    );
  });

  test('lets the server answer while somebody writes without pause', async () => {
    let stop = false;
    const writing = (async () => {
      for (let id = 1; !stop && id < 20_000; id++) await database.transaction((db) => insert(db, id));
      return stop;
    })();
    await sleep(20);
    stop = true;
    expect(await writing).toBe(true);
  });

  test('is copied while it is written', async () => {
    let stop = false;
    const writing = (async () => {
      for (let id = 1; !stop && id < 5_000; id++) await database.transaction((db) => insert(db, id, 1_000));
    })();
    await sleep(30);
    const before = await count();
    await database.backup(join(folder, 'copy'));
    stop = true;
    await writing;
    const copy = new DatabaseSync(join(folder, 'copy'), { readOnly: true });
    expect(copy.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const { n, last } = copy.prepare('SELECT count(*) AS n, max(id) AS last FROM item').get() as {
      n: number;
      last: number;
    };
    expect(n).toBeGreaterThanOrEqual(before);
    expect(n).toBe(last);
    copy.close();
  });
});

describe('A transaction that waits for something else than the database', () => {
  test('is rolled back, and the others go on', async () => {
    let late: Promise<unknown> | undefined;
    const stuck = database.transaction(
      async (db) => {
        await insert(db, 1);
        await sleep(300);
        late = insert(db, 2);
        await late;
      },
      { timeLimit: 50 },
    );
    const other = database.transaction((db) => insert(db, 3));
    await expect(stuck).rejects.toThrow('waited for something else than the database');
    await other;
    await sleep(300);
    await expect(late).rejects.toThrow('This transaction is over');
    expect(await database.all('SELECT id FROM item')).toEqual([{ id: 3 }]);
  });

  test('is told so also when it waits for a transaction of its own making', async () => {
    const nested = database.transaction(
      async () => {
        await database.transaction((db) => insert(db, 1));
      },
      { timeLimit: 50 },
    );
    await expect(nested).rejects.toThrow('waited for something else than the database');
    await database.transaction((db) => insert(db, 2));
    expect(await count()).toBe(2);
  });
});

describe('A database that another program locks', () => {
  test('is waited for, while the server goes on answering', async () => {
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const writing = database.transaction((db) => insert(db, 1));
    let longest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await sleep(200);
    expect(await count()).toBe(0);
    other.exec('COMMIT');
    await writing;
    clearInterval(beat);
    other.close();
    expect(await count()).toBe(1);
    expect(longest).toBeLessThan(100);
  });

  test('for too long gives a clear message and loses nothing', async () => {
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const failures = await Promise.all(
      [1, 2].map((id) => database.transaction((db) => insert(db, id)).catch((error: unknown) => error)),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(DatabaseUnavailable);
      expect((failure as Error).message).toBe('The database is locked by another program: nothing was saved');
    }
    other.exec('COMMIT');
    other.close();
    await database.transaction((db) => insert(db, 3));
    expect(await database.all('SELECT id FROM item')).toEqual([{ id: 3 }]);
  });

  test('is not waited for as long again, until it was free once', async () => {
    const patient = openSqlite(file, { lockPatience: 3_000 });
    const other = new DatabaseSync(file);
    const failing = async (id: number) => {
      const start = performance.now();
      await expect(patient.transaction((db) => insert(db, id))).rejects.toThrow('is locked by another program');
      return performance.now() - start;
    };
    other.exec('BEGIN IMMEDIATE');
    expect(await failing(1)).toBeGreaterThan(2_900);
    expect(await failing(1)).toBeLessThan(2_000);
    other.exec('COMMIT');
    await patient.transaction((db) => insert(db, 1));
    other.exec('BEGIN IMMEDIATE');
    expect(await failing(2)).toBeGreaterThan(2_900);
    other.exec('COMMIT');
    other.close();
    await patient.close();
  }, 30_000);

  test('can be closed', async () => {
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    await database.close();
    other.exec('COMMIT');
    other.close();
  });
});

describe('A new file that another program is making ready', () => {
  /** Another thread has the lock that the change to WAL takes, for so many milliseconds. */
  async function lockFresh(path: string, forMs: number): Promise<Worker> {
    const locking = new Worker(
      `const { DatabaseSync } = require('node:sqlite');
       const other = new DatabaseSync(${JSON.stringify(path)});
       other.exec('BEGIN IMMEDIATE');
       require('node:worker_threads').parentPort.postMessage('locked');
       setTimeout(() => other.close(), ${forMs});`,
      { eval: true },
    );
    await once(locking, 'message');
    return locking;
  }

  test('is waited for', async () => {
    const fresh = join(folder, 'fresh.sqlite');
    const ended = once(await lockFresh(fresh, 200), 'exit');
    const opened = openSqlite(fresh);
    expect(await opened.get('PRAGMA journal_mode')).toEqual({ journalMode: 'wal' });
    await opened.close();
    await ended;
  });

  test('for too long gives a clear message', async () => {
    const fresh = join(folder, 'fresh.sqlite');
    const ended = once(await lockFresh(fresh, 1_500), 'exit');
    expect(() => openSqlite(fresh, { lockPatience: 100 })).toThrow(
      new DatabaseUnavailable(`The database ${fresh} cannot be opened: another program has it locked`),
    );
    await ended;
  });
});

test('A file that is damaged under an open database is complained about in one line, by who reads as by who writes', async () => {
  await database.transaction((db) => insert(db, 1, 100_000));
  await database.close();
  writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, 4_096), Buffer.alloc(200_000, 0xff)]));
  const damaged = openSqlite(file);
  const message = 'The database file is damaged: stop the server and restore a backup';
  await expect(count(damaged)).rejects.toEqual(new DatabaseUnavailable(message));
  await expect(damaged.transaction((db) => insert(db, 2))).rejects.toEqual(new DatabaseUnavailable(message));
  await damaged.close();
});

describe('A full disk', () => {
  const fill = (pages: number) => database.transaction((db) => db.all(`PRAGMA max_page_count = ${pages}`));

  test('gives a clear message, keeps what was saved and is over when there is room', async () => {
    await database.transaction((db) => insert(db, 1, 10_000));
    await fill(10);
    const failure = await database.transaction((db) => insert(db, 2, 1_000_000)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailable);
    expect((failure as Error).message).toBe('The disk is full: nothing was saved. Free some space and try again');
    expect(await database.all('SELECT id FROM item')).toEqual([{ id: 1 }]);
    await fill(1_000_000);
    await database.transaction((db) => insert(db, 3));
    expect(await database.all('SELECT id FROM item')).toEqual([{ id: 1 }, { id: 3 }]);
  });

  test('tells every transaction of a group the truth: what it was told is there is there', async () => {
    await fill(60);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) => database.transaction((db) => insert(db, i, i % 4 === 0 ? 40_000 : 10))),
    );
    const saved = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? i : []));
    expect(saved.length).toBeLessThan(40);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DatabaseUnavailable);
    await database.close();
    const reopened = openSqlite(file);
    expect((await reopened.all<{ id: number }>('SELECT id FROM item ORDER BY id')).map((row) => row.id)).toEqual(saved);
    await reopened.close();
  });
});

const isRoot = process.getuid?.() === 0;

describe('A disk that is really full', () => {
  const mount = join(tmpdir(), `parvis-full-${process.pid}`);

  test.skipIf(!isRoot)('gives the same message, and the database is whole afterwards', async ({ skip }) => {
    mkdirSync(mount);
    const mounted =
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'ignore' }).status === 0;
    try {
      skip(!mounted, 'no file system can be mounted here');
      const small = openSqlite(join(mount, 'parvis.sqlite'));
      await small.transaction((db) => db.run('CREATE TABLE item (id INTEGER PRIMARY KEY, data BLOB)'));
      const saved: number[] = [];
      let failure: unknown;
      for (let id = 1; failure === undefined && id < 1_000; id++) {
        await small
          .transaction((db) => insert(db, id, 20_000))
          .then(
            () => saved.push(id),
            (error: unknown) => (failure = error),
          );
      }
      expect(failure).toBeInstanceOf(DatabaseUnavailable);
      expect((failure as Error).message).toMatch(/nothing was saved/);
      expect((await small.all<{ id: number }>('SELECT id FROM item ORDER BY id')).map((row) => row.id)).toEqual(saved);
      await small.close();
      spawnSync('mount', ['-o', 'remount,size=8m', mount]);
      const again = openSqlite(join(mount, 'parvis.sqlite'));
      await again.transaction((db) => insert(db, 1_001));
      expect((await again.all<{ id: number }>('SELECT id FROM item ORDER BY id')).map((row) => row.id)).toEqual([
        ...saved,
        1_001,
      ]);
      expect(await again.all('PRAGMA integrity_check')).toEqual([{ integrityCheck: 'ok' }]);
      await again.close();
    } finally {
      spawnSync('umount', [mount]);
      rmSync(mount, { recursive: true, force: true });
    }
  });
});

describe('A database that cannot be opened', () => {
  const opening = (path: string) => {
    try {
      openSqlite(path);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test('because the folder is not there says so', () => {
    expect(opening(join(folder, 'nowhere', 'x'))).toBeInstanceOf(DatabaseUnavailable);
  });

  test('because the file is something else says so, and leaves it as it is', () => {
    const other = join(folder, 'letter');
    writeFileSync(other, 'Dear Ada, '.repeat(1_000));
    const failure = opening(other);
    expect(failure).toBeInstanceOf(DatabaseUnavailable);
    expect((failure as Error).message).toMatch(/is not an SQLite database/);
  });

  test('because it is read-only says so in one line, as the server prints it', async () => {
    await database.close();
    // Root writes everywhere, so the server is somebody else.
    chmodSync(folder, 0o755);
    chmodSync(file, 0o444);
    const code = `
      const { openSqlite } = await import('#db/sqlite.ts');
      try { openSqlite(${JSON.stringify(file)}); console.log('opened'); } catch (error) { console.log(error.name + ': ' + error.message); }`;
    const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    if (isRoot) chownSync(folder, 65_534, 65_534);
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
      ...nobody,
    });
    expect(stdout).toMatch(
      /^DatabaseUnavailable: The database .* cannot be opened: .*(EACCES|cannot be written|permission)/,
    );
  });
});
