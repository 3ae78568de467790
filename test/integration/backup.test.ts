import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { getSigningKey } from '#domain/accounts/keys.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { getSettings, updateSettings } from '#domain/instance/settings.ts';
import { signIn } from '#domain/sign-in/sign-in.ts';
import { listPublic } from '#domain/timelines/timeline-store.ts';
import { backUp } from '#operation/backup.ts';
import { restore } from '#operation/restore.ts';
import { readConfig } from '#config.ts';
import { openCore } from '#core.ts';
import { tarEnd, tarHeader, tarPadding } from '#lib/tar.ts';
import { commandLine, startServer } from '../support/command-line.ts';
import { createTestApp } from '../support/test-app.ts';
import { buildPost, buildUser, PASSWORD } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'parvis-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Configuration on a data folder, with the secret that lies in it. */
const configOf = (dataDir: string) => readConfig({ DATA_DIR: dataDir, ORIGIN: 'https://parvis.example' });

describe('A backup', () => {
  test('brings the same instance to another folder', async () => {
    const original = configOf(join(folder, 'original'));
    const file = join(folder, 'same.tar');
    await using app = await createTestApp({ config: original });
    const alice = await buildUser(app.ctx, 'alice');
    const post = await buildPost(app.ctx, alice);
    await updateSettings(app.ctx, { name: 'The square' });
    const picture = join(original.dataDir, 'media/ab/picture.png');
    mkdirSync(join(picture, '..'), { recursive: true });
    writeFileSync(picture, 'PNG');

    const report = await backUp(original, file, { withoutDatabase: false });
    expect(report).toMatchObject({ origin: 'https://parvis.example', database: 'sqlite', files: 3 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).toSorted()).toEqual(['original', 'same.tar']);
    // Whatever happens afterwards is not in it.
    await buildPost(app.ctx, alice, { text: 'Later' });

    const restored = configOf((await restore(file, join(folder, 'restored'))).dataDir);
    expect(restored.secret).toEqual(original.secret);
    expect(readFileSync(join(restored.dataDir, 'media/ab/picture.png'), 'utf8')).toBe('PNG');
    await using copy = await createTestApp({ config: restored });
    expect(
      (await listPublic(copy.ctx.db, undefined, 'local', { limit: 10 })).map(({ id, html }) => ({ id, html })),
    ).toEqual([{ id: post.id, html: post.html }]);
    expect(await findAccountByHandle(copy.ctx.db, 'alice', '')).toMatchObject({ id: alice.id, uri: alice.uri });
    expect((await getSettings(copy.ctx)).name).toBe('The square');
    expect(await signIn(copy.ctx, 'alice', PASSWORD)).toMatchObject({ user: { accountId: alice.id } });
    const [before, after] = await Promise.all([
      getSigningKey(app.ctx, alice.id, 'rsa'),
      getSigningKey(copy.ctx, alice.id, 'rsa'),
    ]);
    expect(after.privateKey.equals(before.privateKey)).toBe(true);
  });

  test('is consistent while a server writes, and serves what was answered before it began', async () => {
    const server = await startServer(join(folder, 'busy'));
    const parvis = commandLine(server.env);
    const file = join(folder, 'busy.tar');
    try {
      await parvis('user', 'create', 'alice', '--email', 'a@mail.example', '--password', PASSWORD);
      const before = await parvis.json<{ id: string }>('post', 'alice', 'Before');
      let writing = true;
      const writer = (async () => {
        for (let n = 0; writing; n++) expect(await parvis('post', 'alice', `During ${n}`)).toMatchObject({ code: 0 });
      })();
      const backup = await parvis('backup', file);
      writing = false;
      await writer;
      expect(backup).toMatchObject({ code: 0, stderr: '' });
      const after = await parvis.json<{ id: string }>('post', 'alice', 'After');
      const [again, astray, restored] = await Promise.all([
        parvis('backup', file),
        parvis('backup', join(folder, 'not-made/backup.tar')),
        parvis('restore', file, join(folder, 'copy')),
      ]);
      expect(again).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `${file} exists: choose another name, for instance with the date\n`,
      });
      expect(astray).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `${join(folder, 'not-made')} is not there: make that folder first\n`,
      });
      expect(restored.stdout).toContain(`ORIGIN=${server.origin}`);
      const copy = commandLine({ ...server.env, DATA_DIR: join(folder, 'copy') });
      const ids = (await copy.json<{ id: string }[]>('timeline', 'alice', '--limit', '200')).map(({ id }) => id);
      expect(ids).toContain(before.id);
      expect(ids).not.toContain(after.id);
    } finally {
      await server.stop();
    }
  });

  test('is refused where there is nothing to save, or pg_dump must save it', async () => {
    const empty = configOf(join(folder, 'empty'));
    await expect(backUp(empty, join(folder, 'no.tar'), { withoutDatabase: false })).rejects.toThrow(
      'There is no database in',
    );
    const postgres = { ...empty, databaseUrl: 'postgres://localhost/parvis' };
    await expect(backUp(postgres, join(folder, 'no.tar'), { withoutDatabase: false })).rejects.toThrow(
      'save it with pg_dump',
    );
    expect(existsSync(join(folder, 'no.tar'))).toBe(false);
    const files = join(folder, 'files.tar');
    expect(await backUp(postgres, files, { withoutDatabase: true })).toMatchObject({ database: 'none', files: 1 });
    expect(await restore(files, join(folder, 'files'))).toMatchObject({ database: 'none', files: 1 });
  });
});

describe('A restore', () => {
  test('finds out that something in the backup was changed, added or taken away', async () => {
    const environment = configOf(join(folder, 'intact'));
    const core = await openCore(environment, 'command');
    await core.close();
    const file = join(folder, 'intact.tar');
    await backUp(environment, file, { withoutDatabase: false });
    expect(await restore(file, join(folder, 'intact-again'))).toMatchObject({ files: 2, hasDigests: true });
    const bytes = readFileSync(file);
    const secret = readFileSync(join(folder, 'intact', 'secret'), 'utf8').trim();
    const at = bytes.indexOf(secret);
    const changed = Buffer.from(bytes);
    changed.write('0123456789abcdef', at);
    const end = bytes.lastIndexOf('parvis-digests.json');
    const cases: [string, Buffer, RegExp][] = [
      ['changed', changed, /secret was changed since it was made/],
      ['cut', Buffer.concat([bytes.subarray(0, end), Buffer.from(tarEnd)]), /digests of its files, is missing/],
    ];
    for (const [name, archive, message] of cases) {
      const altered = join(folder, `${name}.tar`);
      writeFileSync(altered, archive);
      await expect(restore(altered, join(folder, `${name}-again`))).rejects.toThrow(message);
      expect(existsSync(join(folder, `${name}-again`))).toBe(false);
    }
  });

  const manifest = JSON.stringify({
    format: 1,
    origin: 'https://parvis.example',
    createdAt: '2026-01-01T00:00:00Z',
    database: 'sqlite',
  });
  const secret = 'a'.repeat(64);
  const archive = (...files: [name: string, text: string][]) => {
    const file = join(folder, 'made.tar');
    const parts = files.flatMap(([name, text]) => [
      tarHeader({ name, size: text.length }, 0),
      Buffer.from(text),
      tarPadding(text.length),
    ]);
    writeFileSync(file, Buffer.concat([...parts, tarEnd]));
    return file;
  };

  test.each<[string, [string, string][], string]>([
    [
      'escapes its folder',
      [
        ['parvis-backup.json', manifest],
        ['media/../../escaped', 'x'],
      ],
      'it holds media/../../escaped',
    ],
    [
      'holds something else',
      [
        ['parvis-backup.json', manifest],
        ['config.ts', 'x'],
      ],
      'it holds config.ts',
    ],
    ['was made by another program', [['readme.txt', 'x']], 'it was not made by "parvis backup"'],
    ['is of a newer format', [['parvis-backup.json', '{"format":2}']], 'a newer version of Parvis made it'],
    [
      'lacks its secret',
      [
        ['parvis-backup.json', manifest],
        ['parvis.sqlite', 'x'],
      ],
      'its secret is missing',
    ],
    [
      'lacks its database',
      [
        ['parvis-backup.json', manifest],
        ['secret', secret],
      ],
      'its database is missing',
    ],
    [
      'holds no database',
      [
        ['parvis-backup.json', manifest],
        ['secret', secret],
        ['parvis.sqlite', 'x'.repeat(9_000)],
      ],
      'not an SQLite database',
    ],
  ])('refuses a file that %s, and leaves nothing behind', async (_, files, message) => {
    await expect(restore(archive(...files), join(folder, 'target'))).rejects.toThrow(message);
    expect(
      existsSync(join(folder, 'target')) ||
        existsSync(join(folder, 'target/restoring')) ||
        existsSync(join(folder, 'escaped')),
    ).toBe(false);
  });

  test('never touches a folder in use', async () => {
    const used = join(folder, 'used');
    mkdirSync(used);
    writeFileSync(join(used, 'secret'), 'mine');
    await expect(restore(archive(['parvis-backup.json', manifest]), used)).rejects.toThrow(
      'is not empty: restore into a new folder',
    );
    const empty = join(folder, 'made-before');
    mkdirSync(empty);
    await expect(restore(archive(['parvis-backup.json', manifest]), empty)).rejects.toThrow('its secret is missing');
    expect(readdirSync(empty)).toEqual([]);
    await expect(restore(join(folder, 'missing.tar'), join(folder, 'target'))).rejects.toThrow(
      'missing.tar: it is not there',
    );
    expect(readFileSync(join(used, 'secret'), 'utf8')).toBe('mine');
  });

  test('leaves a server alone that starts in the same folder meanwhile', async () => {
    const started = join(folder, 'started');
    const backup = join(folder, 'whole.tar');
    await using app = await createTestApp({ config: configOf(join(folder, 'whole')) });
    await backUp(app.ctx.config, backup, { withoutDatabase: false });
    const restoring = restore(backup, started);
    const outcome = restoring.then(
      () => 'restored',
      (error: unknown) => (error as Error).message,
    );
    while (!existsSync(join(started, 'restoring'))) await setImmediate();
    for (const name of ['secret', 'parvis.sqlite']) writeFileSync(join(started, name), 'mine');
    expect(await outcome).toBe('started: something else was put there meanwhile: choose another folder');
    expect(readdirSync(started).toSorted()).toEqual(['parvis.sqlite', 'secret']);
    for (const name of ['secret', 'parvis.sqlite']) expect(readFileSync(join(started, name), 'utf8')).toBe('mine');

    // Of two restores into one folder, one is done.
    const twice = join(folder, 'twice');
    const both = await Promise.allSettled([restore(backup, twice), restore(backup, twice)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(readdirSync(twice).toSorted()).toEqual(['parvis.sqlite', 'secret']);
  });
});
