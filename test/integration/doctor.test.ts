import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readConfig, readEnvironment } from '#config.ts';
import { inTransaction } from '#context.ts';
import { openCore } from '#core.ts';
import { markAccountDeleted } from '#domain/accounts/account-store.ts';
import { ensureInstanceActor } from '#domain/accounts/instance-actor.ts';
import { examine } from '#operation/doctor.ts';
import { commandLine } from '../support/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'parvis-doctor-'));
const isRoot = process.getuid?.() === 0;
let dataDir: string;
let made = 0;
// Nobody listens on port 1.
const env = (more: Record<string, string> = {}) => ({ DATA_DIR: dataDir, ORIGIN: 'http://localhost:1', ...more });

/** The folder of a server that has started once. */
const original = join(folder, 'original');
beforeAll(async () => {
  const core = await openCore(readConfig({ DATA_DIR: original, ORIGIN: 'http://localhost:1' }), 'command');
  await core.close();
});
beforeEach(() => {
  dataDir = join(folder, String(made++));
  cpSync(original, dataDir, { recursive: true });
  chmodSync(dataDir, 0o750);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the doctor finds, by name: status and message. */
async function findings(more: Record<string, string> = {}): Promise<Record<string, string>> {
  const checks = await examine(() => readEnvironment(env(more)));
  return Object.fromEntries(checks.map(({ name, status, message }) => [name, `${status}: ${message}`]));
}

describe('The doctor', () => {
  test('finds a healthy server in order, but for what nobody does for it', async () => {
    expect(await findings()).toEqual({
      configuration: 'warn: http://localhost:1 is for trying out: nobody else reaches it',
      files: 'ok: secret and database are readable by their owner only',
      secret: 'ok: it opens the keys in the database',
      disk: expect.stringMatching(/MB|GB free$/),
      database: 'ok: SQLite, undamaged, schema up to date',
      origin: 'ok: it fits the addresses made at the first start',
      owner: 'warn: nobody owns this server',
      queue: 'warn: no server works on it',
      reachable: expect.stringMatching(/^fail: /),
    });
  });

  test.each([
    ['ALTER TABLE delivery DROP COLUMN account_id', 'it lacks the column account_id of the table delivery'],
    ['DROP TABLE former_mention', 'it lacks the table former_mention'],
    ["INSERT INTO migration (name, applied_at) VALUES ('9999-future.ts', 0)", 'it was made by a newer version'],
    [
      "UPDATE migration SET digest = 'other' WHERE name = '0003-posts.ts'",
      'it was made with other text in 0003-posts.ts',
    ],
  ])('finds what a migration did not make: %s', async (sql, finding) => {
    const database = new DatabaseSync(join(dataDir, 'parvis.sqlite'));
    database.exec(sql);
    database.close();
    expect((await findings())['database']).toContain(`fail: ${finding}`);
    await expect(openCore(readConfig(env()), 'command')).rejects.toThrow(`The database ${finding.replace(/^it /, '')}`);
  });

  test('changes nothing', async () => {
    chmodSync(join(dataDir, 'secret'), 0o644);
    const state = () =>
      ['.', ...readdirSync(dataDir)].map((name) => {
        const { mode, size, mtimeMs } = statSync(join(dataDir, name));
        return { name, mode, size, mtimeMs };
      });
    const before = state();
    await findings();
    expect(state()).toEqual(before);
  });

  test('makes no folder where DATA_DIR is written wrongly', async () => {
    const astray = join(folder, 'astray');
    expect(await findings({ DATA_DIR: astray })).toMatchObject({
      files: `fail: ${astray} is not there`,
      secret: `fail: there is none in ${astray}`,
      database: `fail: there is none in ${astray}`,
      reachable: expect.stringMatching(/^fail: /),
    });
    expect(existsSync(astray)).toBe(false);
  });

  test.each([
    [0o644, 'fail: '],
    [0o600, 'ok: '],
  ])('says whether others can read the secret: mode %o', async (mode, start) => {
    chmodSync(join(dataDir, 'secret'), mode);
    expect((await findings())['files']).toMatch(new RegExp(`^${start}`));
  });

  test.each([
    [0o777, 'fail: '],
    [0o755, 'warn: '],
    [0o770, 'warn: '],
    [0o700, 'ok: '],
  ])('says whether others can use the folder: mode %o', async (mode, start) => {
    chmodSync(dataDir, mode);
    expect((await findings())['files']).toMatch(new RegExp(`^${start}`));
  });

  test.each([
    ['is missing', () => rmSync(join(dataDir, 'secret')), 'there is none in'],
    ['is damaged', () => writeFileSync(join(dataDir, 'secret'), 'x'), 'is damaged'],
    ['is another', () => writeFileSync(join(dataDir, 'secret'), 'a'.repeat(64)), 'does not open the keys'],
  ])('finds that the secret %s', async (_, harm, message) => {
    harm();
    const found = await findings();
    expect(found['secret']).toMatch(/^fail: /);
    expect(found['secret']).toContain(message);
    expect(found['database']).toMatch(/^ok: /);
  });

  test('finds that the database is something else, and prints that as JSON with all the rest', async () => {
    writeFileSync(join(dataDir, 'parvis.sqlite'), 'Dear Ada, '.repeat(1_000));
    const { code, stdout } = await commandLine(env())('doctor', '--json');
    expect(code).toBe(1);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; message: string }[] };
    expect(checks.map(({ name }) => name)).toEqual([
      'configuration',
      'files',
      'disk',
      'database',
      'secret',
      'reachable',
    ]);
    expect(checks.find(({ name }) => name === 'database')).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('not an SQLite database'),
    });
  });

  test('finds that the database is damaged', async () => {
    const file = join(dataDir, 'parvis.sqlite');
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(4_096, 0xff), 0, 4_096, statSync(file).size - 4_096);
    closeSync(handle);
    expect((await findings())['database']).toMatch(/^fail: the database is damaged/);
  });

  test('finds that a variable is wrong', async () => {
    expect(await findings({ PORT: 'http' })).toEqual({
      configuration: 'fail: PORT=http is not valid: write a port number from 0 to 65535',
    });
  });

  test("finds that the server's own account is gone", async () => {
    const core = await openCore(readConfig(env()), 'command');
    const instance = await ensureInstanceActor(core.ctx);
    await inTransaction(core.ctx, (tx) => markAccountDeleted(tx.db, instance.id, tx.now()));
    await core.close();
    expect((await findings())['origin']).toMatch(/^fail: the server's own account is deleted/);
  });

  test.skipIf(!isRoot)('examines a disk that cannot be written', async ({ skip }) => {
    const readOnly = join(folder, 'read-only');
    mkdirSync(readOnly);
    skip(spawnSync('mount', ['--bind', dataDir, readOnly]).status !== 0, 'no file system can be mounted here');
    spawnSync('mount', ['-o', 'remount,bind,ro', readOnly]);
    try {
      expect(await findings({ DATA_DIR: readOnly })).toMatchObject({
        disk: `fail: ${readOnly} is on a disk that cannot be written`,
        database: 'ok: SQLite, undamaged, schema up to date',
      });
    } finally {
      spawnSync('umount', [readOnly]);
    }
  });
});
