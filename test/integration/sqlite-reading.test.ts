import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, DatabaseUnavailable } from '#db/database.ts';
import { openSqlite, openSqliteForReading } from '#db/sqlite.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parvis-reading-'));
  file = join(folder, 'parvis.sqlite');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const insert = (database: Database, id: number) =>
  database.transaction((db) => db.run('INSERT INTO item (id) VALUES (?)', [id]));
const ids = async (database: Database) =>
  (await database.all<{ id: number }>('SELECT id FROM item ORDER BY id')).map((row) => row.id);

/** A database with two items. */
async function make(path = file): Promise<Database> {
  const database = openSqlite(path);
  await database.transaction((db) => db.run('CREATE TABLE item (id INTEGER PRIMARY KEY)'));
  await insert(database, 1);
  await insert(database, 2);
  return database;
}

describe('An SQLite file opened for reading', () => {
  test('is neither made nor changed, and nothing is left beside it', async () => {
    expect(() => openSqliteForReading(file)).toThrow(DatabaseUnavailable);
    expect(readdirSync(folder)).toEqual([]);
    await (await make()).close();
    const before = readFileSync(file);
    const reading = openSqliteForReading(file);
    expect(await ids(reading)).toEqual([1, 2]);
    await expect(insert(reading, 3)).rejects.toThrow('opened for reading');
    await reading.close();
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['parvis.sqlite']);
  });

  test('shows what a running server has committed by now', async () => {
    const server = await make();
    const reading = openSqliteForReading(file);
    await insert(server, 3);
    expect(await ids(reading)).toEqual([1, 2, 3]);
    await reading.backup(join(folder, 'copy'));
    await reading.close();
    await server.close();
    const copy = openSqliteForReading(join(folder, 'copy'));
    expect(await ids(copy)).toEqual([1, 2, 3]);
    await copy.close();
  });

  test('is not copied where a server that has just started wrote into it meanwhile', async () => {
    await (await make()).close();
    const reading = openSqliteForReading(file);
    const server = openSqlite(file);
    await insert(server, 3);
    await server.close();
    await expect(reading.backup(join(folder, 'copy'))).rejects.toThrow(DatabaseUnavailable);
    await reading.close();
  });

  test.skipIf(process.getuid?.() !== 0).for(['stopped', 'was killed'])(
    'is read and copied from a disk that cannot be written any more, when the server %s',
    async (end, { skip }) => {
      const disk = join(folder, 'disk');
      const path = join(disk, 'parvis.sqlite');
      mkdirSync(disk);
      const mount = (...words: string[]) => spawnSync('mount', words, { stdio: 'ignore' }).status === 0;
      try {
        skip(!mount('-t', 'tmpfs', 'tmpfs', disk), 'no file system can be mounted here');
        await (await make(path)).close();
        if (end === 'was killed') {
          const code = `
            const { openSqlite } = await import('#db/sqlite.ts');
            const database = openSqlite(${JSON.stringify(path)});
            await database.transaction((db) => db.run('INSERT INTO item (id) VALUES (3)'));
            process.kill(process.pid, 'SIGKILL');`;
          spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: join(import.meta.dirname, '../..') });
          expect(existsSync(`${path}-wal`)).toBe(true);
        }
        expect(mount('-o', 'remount,ro', disk)).toBe(true);
        expect(() => openSqlite(path)).toThrow(DatabaseUnavailable);
        const reading = openSqliteForReading(path);
        const expected = end === 'was killed' ? [1, 2, 3] : [1, 2];
        expect(await ids(reading)).toEqual(expected);
        await reading.backup(join(folder, 'copy'));
        await reading.close();
        const copy = openSqliteForReading(join(folder, 'copy'));
        expect(await ids(copy)).toEqual(expected);
        await copy.close();
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );
});
