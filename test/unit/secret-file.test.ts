import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '#config.ts';
import { ExpectedError } from '#lib/expected-error.ts';
import { findSecret } from '#lib/secret-file.ts';

let dataDir: string;
let file: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parvis-secret-'));
  file = join(dataDir, 'secret');
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const secretOf = (folder = dataDir) => readConfig({ DATA_DIR: folder }).secret;
const isRoot = process.getuid?.() === 0;

/** What the operator reads when the secret cannot be had: one line. */
function complaint(folder = dataDir): string {
  try {
    secretOf(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpectedError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('The secret was accepted');
}

/** Reads the configuration in a process of its own, which prints the secret, or the message of what went wrong. */
async function inAnotherProcess(user?: number): Promise<string> {
  const program = `
    const { readConfig } = await import('#config.ts');
    try { console.log(readConfig().secret.toString('hex')); } catch (error) { console.log(error.name, error.message); }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: join(import.meta.dirname, '../..'),
    env: { DATA_DIR: dataDir },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  return stdout.trim();
}

describe('The secret', () => {
  test('is made at the first start, for nobody else to read, and stays', () => {
    const folder = join(dataDir, 'new');
    const before = process.umask(0);
    try {
      const secret = secretOf(folder);
      expect(secret).toHaveLength(32);
      expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
      expect(statSync(folder).mode & 0o777).toBe(0o750);
      expect(secretOf(folder)).toEqual(secret);
      expect(readdirSync(folder)).toEqual(['secret']);
    } finally {
      process.umask(before);
    }
  });

  test('is another one in another folder', () => {
    expect(secretOf(join(dataDir, 'a'))).not.toEqual(secretOf(join(dataDir, 'b')));
  });

  test('is one and the same for processes that start first at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 6 }, () => inAnotherProcess()));
    expect(new Set(secrets)).toEqual(new Set([readFileSync(file, 'utf8')]));
    expect(readdirSync(dataDir)).toEqual(['secret']);
  });

  test('is found also where another process made it, and the database, a moment ago', async () => {
    // A pipe: whoever reads it waits until its writer is gone, and finds it empty.
    spawnSync('mkfifo', [file]);
    const reading = inAnotherProcess();
    const writer = await open(file, 'w');
    const theirs = 'ab'.repeat(32);
    rmSync(file);
    writeFileSync(file, theirs, { mode: 0o600 });
    writeFileSync(join(dataDir, 'parvis.sqlite'), '');
    await writer.close();
    expect(await reading).toBe(theirs);
  }, 30_000);

  test.each(['abc', 'zz'.repeat(32), 'ab'.repeat(31), `${'ab'.repeat(32)}zz`])(
    'is not replaced when it is damaged: %j',
    (damaged) => {
      writeFileSync(file, damaged);
      expect(complaint()).toMatch(/is damaged: restore it from a backup/);
      expect(readFileSync(file, 'utf8')).toBe(damaged);
    },
  );

  test('that is empty is made anew as long as there is no database', () => {
    writeFileSync(file, '');
    const secret = secretOf();
    expect(secret).toHaveLength(32);
    expect(secretOf()).toEqual(secret);
  });

  test.each(['absent', 'empty'])('that is %s beside a database is missed, and not replaced', (state) => {
    writeFileSync(join(dataDir, 'parvis.sqlite'), 'a database');
    if (state === 'empty') writeFileSync(file, '');
    expect(complaint()).toMatch(/secret is missing, and the database cannot be used without it: restore it/);
    expect(existsSync(file) && readFileSync(file, 'utf8') !== '').toBe(false);
  });

  test('that others may read is taken back from them', () => {
    secretOf();
    chmodSync(file, 0o644);
    secretOf();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('that is a folder is complained about in one line', () => {
    mkdirSync(file);
    expect(complaint()).toMatch(/secret cannot be read \(EISDIR\)/);
  });

  test.skipIf(!isRoot)('that belongs to another user is complained about in one line', async () => {
    secretOf();
    chmodSync(dataDir, 0o777);
    chownSync(file, 0, 0);
    const line = await inAnotherProcess(65_534);
    expect(line).toMatch(/^ExpectedError .*secret cannot be read \(EACCES\): it belongs to another user\. "chown" it/);
    expect(line).not.toContain('\n');
  });

  test('can be looked at without being made or changed', () => {
    expect(findSecret(file)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
    const secret = secretOf();
    chmodSync(file, 0o644);
    expect(findSecret(file)).toEqual(secret);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  test.skipIf(!isRoot)('is made once there is room, where the first start found the disk full', ({ skip }) => {
    const disk = join(dataDir, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    try {
      skip(mounted.status !== 0, 'no file system can be mounted here');
      expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(1_000_000))).toThrow('ENOSPC');
      expect(complaint(disk)).toMatch(/secret cannot be written \(ENOSPC\): free some disk/);
      rmSync(join(disk, 'filler'));
      expect(secretOf(disk)).toHaveLength(32);
      expect(readdirSync(disk)).toEqual(['secret']);
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});
