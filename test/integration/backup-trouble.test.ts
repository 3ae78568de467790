import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Environment, readEnvironment } from '#config.ts';
import { OperationError } from '#operation/operation-error.ts';
import { backUp } from '#operation/backup.ts';
import { restore } from '#operation/restore.ts';
import { commandLine } from '../support/command-line.ts';

let folder: string;
let target: string;
let environment: Environment;
const env = () => ({ DATA_DIR: join(folder, 'data'), ORIGIN: 'https://parvis.example' });
const isRoot = process.getuid?.() === 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parvis-backup-trouble-'));
  target = join(folder, 'backups');
  mkdirSync(target);
  environment = readEnvironment(env());
  makeServer(environment.dataDir);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The folder of a server: what a backup needs of it. */
function makeServer(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, 'secret'), 'a'.repeat(64), { mode: 0o600 });
  const database = new DatabaseSync(join(dataDir, 'parvis.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, data TEXT)');
  for (let id = 0; id < 500; id++) database.prepare('INSERT INTO item VALUES (?, ?)').run(id, 'x'.repeat(1_000));
  database.close();
}

const countItems = (file: string) => {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('SELECT count(*) AS n FROM item').get()!['n'];
  } finally {
    database.close();
  }
};

const refusal = (use: Promise<unknown>) => use.then(() => undefined).catch((error: unknown) => error);

describe('A backup', () => {
  test('is not made of a damaged database', async () => {
    const file = join(environment.dataDir, 'parvis.sqlite');
    // The last page is a leaf of the table.
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(4_096, 0xff), 0, 4_096, statSync(file).size - 4_096);
    closeSync(handle);
    const refused = await refusal(backUp(environment, join(target, 'x.tar'), { withoutDatabase: false }));
    expect(refused).toBeInstanceOf(OperationError);
    expect((refused as Error).message).toMatch(/^No backup was made: the database is damaged \(.*\)\. Stop the server/);
    expect(readdirSync(target)).toEqual([]);
  });

  test('is not made without the secret', async () => {
    rmSync(join(environment.dataDir, 'secret'));
    const refused = await refusal(backUp(environment, join(target, 'x.tar'), { withoutDatabase: false }));
    expect((refused as Error).message).toMatch(/^There is no secret in /);
    expect(existsSync(join(environment.dataDir, 'secret'))).toBe(false);
  });

  test('makes no folder where DATA_DIR is written wrongly', async () => {
    const astray = readEnvironment({ ...env(), DATA_DIR: join(folder, 'dta') });
    const refused = await refusal(backUp(astray, join(target, 'x.tar'), { withoutDatabase: false }));
    expect((refused as Error).message).toMatch(/^There is no database in /);
    expect(readdirSync(folder).toSorted()).toEqual(['backups', 'data']);
  });

  test.skipIf(!isRoot)('says so where its disk is full, and leaves nothing there', async ({ skip }) => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', target], { stdio: 'ignore' });
    skip(mounted.status !== 0, 'no file system can be mounted here');
    try {
      const refused = await refusal(backUp(environment, join(target, 'x.tar'), { withoutDatabase: false }));
      expect(refused).toBeInstanceOf(OperationError);
      expect((refused as Error).message).toMatch(/^x\.tar: The disk is full/);
      // Without the database it is the archive that does not fit.
      mkdirSync(join(environment.dataDir, 'media'));
      writeFileSync(join(environment.dataDir, 'media/film'), Buffer.alloc(400_000));
      const files = await refusal(backUp(environment, join(target, 'x.tar'), { withoutDatabase: true }));
      expect((files as Error).message).toMatch(/^x\.tar: the disk is full/);
      expect(readdirSync(target)).toEqual([]);
    } finally {
      spawnSync('umount', [target]);
    }
  });

  test.skipIf(!isRoot).each(['stopped', 'running'])(
    'is made from a disk that cannot be written, of a server that is %s',
    async (state) => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', disk], { stdio: 'ignore' }).status !== 0) return;
      let running: DatabaseSync | undefined;
      try {
        makeServer(disk);
        running = state === 'running' ? new DatabaseSync(join(disk, 'parvis.sqlite')) : undefined;
        running?.exec("INSERT INTO item VALUES (1000, 'only in the write-ahead log')");
        const readOnly = join(folder, 'read-only');
        mkdirSync(readOnly);
        spawnSync('mount', ['--bind', disk, readOnly]);
        spawnSync('mount', ['-o', 'remount,bind,ro', readOnly]);
        try {
          expect(() => writeFileSync(join(readOnly, 'x'), '')).toThrow('EROFS');
          const file = join(target, 'x.tar');
          // As a process of its own: within one, SQLite would keep the file open for as long as the "server" has it.
          const parvis = commandLine({ ...env(), DATA_DIR: readOnly });
          expect(await parvis.json('backup', file)).toMatchObject({ database: 'sqlite', files: 2 });
          await restore(file, join(folder, 'restored'));
          expect(countItems(join(folder, 'restored/parvis.sqlite'))).toBe(state === 'running' ? 501 : 500);
        } finally {
          spawnSync('umount', [readOnly]);
        }
      } finally {
        running?.close();
        spawnSync('umount', [disk]);
      }
    },
  );

  test.each(['SIGTERM', 'SIGINT'] as const)('that %s interrupts leaves nothing behind', async (signal) => {
    mkdirSync(join(environment.dataDir, 'media'));
    // Sparse: reading it takes seconds, and no room.
    writeFileSync(join(environment.dataDir, 'media/film'), '');
    truncateSync(join(environment.dataDir, 'media/film'), 1_000_000_000);
    const child = spawn(process.execPath, ['src/cli.ts', 'backup', join(target, 'x.tar')], {
      env: env(),
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    while (readdirSync(target).length === 0) await sleep(5);
    child.kill(signal);
    expect(await ended).toEqual([signal === 'SIGTERM' ? 143 : 130, null]);
    expect(readdirSync(target)).toEqual([]);
  });

  test('removes what others left that were cut off long ago, and nothing else', async () => {
    const dayAgo = Date.now() / 1_000 - 86_400;
    const leave = (name: string, { isOld }: { isOld: boolean }) => {
      const path = join(target, name);
      mkdirSync(path);
      writeFileSync(join(path, 'parvis.sqlite'), 'x');
      if (isOld) for (const part of [join(path, 'parvis.sqlite'), path]) utimesSync(part, dayAgo, dayAgo);
    };
    leave('yesterday.tar.parvis-partial-0b3de0', { isOld: true });
    leave('now.tar.parvis-partial-0b3de1', { isOld: false });
    leave('other.partial', { isOld: true });
    await backUp(environment, join(target, 'x.tar'), { withoutDatabase: false });
    expect(readdirSync(target).toSorted()).toEqual(['now.tar.parvis-partial-0b3de1', 'other.partial', 'x.tar']);
  });
});

describe('A restore', () => {
  test('of a folder is refused', async () => {
    const refused = await refusal(restore(target, join(folder, 'restored')));
    expect(refused).toBeInstanceOf(OperationError);
    expect((refused as Error).message).toBe('backups: it is a folder');
    expect(existsSync(join(folder, 'restored'))).toBe(false);
  });
});
