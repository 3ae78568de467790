import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNode } from '../support/child.ts';
import { type CommandLine, commandLine, type ServerProcess, startServer } from '../support/command-line.ts';

interface Post {
  id: string;
  text: string;
  author: string;
}

const folder = mkdtempSync(join(tmpdir(), 'parvis-cli-'));
const env = { DATA_DIR: join(folder, 'data'), ORIGIN: 'http://localhost:3999' };
const parvis = commandLine(env);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const create = (run: CommandLine, name: string, ...more: string[]) =>
  run('user', 'create', name, '--email', `${name}@mail.example`, '--password', 'correct horse', ...more);

describe('A command line without a server', () => {
  test('makes a database where there is none, and says so', async () => {
    const { code, stdout, stderr } = await create(parvis, 'alice', '--role', 'owner');
    expect(stderr).toBe(`A new database was made in ${env.DATA_DIR}\n`);
    expect(stdout).toBe('Created @alice@localhost:3999 (owner): http://localhost:3999/@alice\n');
    expect(code).toBe(0);
  });

  test('answers without a database: help, version and mistakes', async () => {
    const nowhere = commandLine({ DATA_DIR: join(folder, 'nowhere') });
    const [help, page, version, nothing, unknown, half, other, wrong, item] = await Promise.all([
      nowhere('help'),
      nowhere('user', 'create', '--help'),
      nowhere('version', '--json'),
      nowhere(),
      nowhere('frobnicate'),
      nowhere('user'),
      nowhere('user', 'frobnicate'),
      nowhere('user', 'list', '--verbose'),
      nowhere('post', 'alice', '- milk'),
    ]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('  user create NAME ');
    expect(page.stdout).toContain('--password-stdin');
    expect(JSON.parse(version.stdout)).toEqual({ version: expect.stringMatching(/^\d/), node: process.version });
    for (const { code, stdout } of [nothing, unknown, half, other, wrong])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(item).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^A text that begins with "-" comes last, after the options and "--": -- '- milk'\nUsage: /,
      ),
    });
    expect(unknown.stderr).toBe('There is no command "frobnicate": "parvis help" lists them all\n');
    expect(half.stderr).toMatch(/^"user" needs one more word:\n/);
    expect(other.stderr).toMatch(/^There is no command "user frobnicate":\n/);
    expect(wrong.stderr).toBe("Unknown option '--verbose'\nUsage: parvis user list\n");
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('refuses with a reason and code 1', async () => {
    const [taken, weak, role, token, broken, server] = await Promise.all([
      create(parvis, 'Alice'),
      parvis('user', 'create', 'bob', '--email', 'bob@mail.example', '--password', 'short'),
      parvis('user', 'disable', 'alice'),
      parvis('token', 'create', 'nobody', '--scopes', 'read'),
      commandLine({ ...env, PORT: 'http' })('user', 'list'),
      parvis('user', 'delete', 'instance', '--yes'),
    ]);
    expect(taken).toEqual({ code: 1, stdout: '', stderr: 'The name Alice is taken\n' });
    expect(weak.stderr).toBe('A password has at least 8 characters\n');
    expect(role.stderr).toBe('This is the only owner: make somebody else owner first\n');
    expect(token.stderr).toBe('Nobody here is called nobody: "parvis user list" shows the names\n');
    expect(server).toEqual({ code: 1, stdout: '', stderr: 'instance is the server itself: nobody acts for it\n' });
    expect(broken).toMatchObject({ code: 1, stderr: 'PORT=http is not valid: write a port number from 0 to 65535\n' });
  });

  test('reads a password from standard input', async () => {
    const bob = await parvis.withInput(
      'correct horse\nsecond line\n',
      'user',
      'create',
      'bob',
      '--email',
      'b@mail.example',
      '--password-stdin',
    );
    expect(bob.code).toBe(0);
    const changed = await parvis.withInput('another horse\n', 'user', 'password', 'bob', '--password-stdin');
    expect(changed).toMatchObject({ code: 0, stdout: 'bob has a new password and is signed out everywhere\n' });
    const both = await parvis.withInput(
      'x\n',
      'user',
      'create',
      'eve',
      '--email',
      'e@mail.example',
      '--password-stdin',
      '--password',
      'y',
    );
    expect(both).toMatchObject({ code: 2, stdout: '' });
  });

  test('prints only the token it made, the chosen one where one is chosen', async () => {
    const chosen = ['--token', 'chosen-token-of-test', '--client-id', 'client', '--client-secret', 'client-secret'];
    const [random, fixed] = await Promise.all([
      parvis('token', 'create', 'alice', '--scopes', 'read write follow push'),
      parvis('token', 'create', 'alice', '--scopes', 'read', ...chosen),
    ]);
    expect(random).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[\w-]{43}\n$/) });
    expect(fixed).toMatchObject({ code: 0, stdout: 'chosen-token-of-test\n' });
  });

  test('lets people follow, post, answer, favourite, pin and read', async () => {
    expect(await parvis.json('follow', 'bob', '@alice@localhost:3999')).toEqual({
      name: 'bob',
      account: 'alice',
      state: 'following',
    });
    const post = await parvis.json<Post & { url: string }>(
      'post',
      'alice',
      'Hello *all* of #Paris',
      '--cw',
      'greeting',
      '--language',
      'en',
    );
    const reply = await parvis.withInput(
      'From a pipe\n',
      'post',
      'bob',
      '--stdin',
      '--reply-to',
      post.url,
      '--visibility',
      'unlisted',
      '--json',
    );
    expect(JSON.parse(reply.stdout)).toMatchObject({ visibility: 'unlisted' });
    await Promise.all([
      parvis.json('favourite', 'bob', post.id),
      parvis.json('reblog', 'bob', post.id),
      parvis.json('pin', 'alice', post.id),
    ]);
    const [home, tagged, thread, told, text] = await Promise.all([
      parvis.json<Post[]>('timeline', 'bob'),
      parvis.json<Post[]>('timeline', 'bob', '--tag', 'paris'),
      parvis.json<{ post: Post & { favourites: number }; descendants: Post[] }>('show', post.url),
      parvis.json<{ kind: string; from: string }[]>('notifications', 'alice'),
      parvis('timeline', 'alice', '--local'),
    ]);
    expect(home.map((entry) => entry.author)).toEqual(['bob', 'bob', 'alice']);
    expect(tagged).toMatchObject([
      { id: post.id, text: 'Hello all of #Paris', contentWarning: 'greeting', language: 'en' },
    ]);
    expect(thread.post.favourites).toBe(1);
    expect(thread.descendants).toMatchObject([{ text: 'From a pipe', author: 'bob', depth: 0 }]);
    expect(told.map(({ kind }) => kind).toSorted()).toEqual(['favourite', 'follow', 'reblog']);
    expect(text.stdout).toMatch(
      /^\d{16} {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}@alice\n {2}\[greeting\]\n {2}Hello all of #Paris\n/,
    );
  });

  test('shows and changes profiles, requests, blocks, settings and blocked domains', async () => {
    const profile = await parvis.json(
      'profile',
      'alice',
      '--display-name',
      'Alice A.',
      '--locked',
      'yes',
      '--field',
      'Site=https://a.example',
    );
    expect(profile).toMatchObject({
      displayName: 'Alice A.',
      locked: true,
      fields: [{ name: 'Site', value: 'https://a.example' }],
    });
    await create(parvis, 'carol');
    expect(await parvis.json('follow', 'carol', 'alice')).toMatchObject({ state: 'requested' });
    expect(await parvis.json('requests', 'alice')).toMatchObject([{ handle: 'carol' }]);
    expect(await parvis.json('accept', 'alice', 'carol')).toMatchObject({ state: 'accepted' });
    const [blocked, search, settings, domain, refused] = await Promise.all([
      parvis.json('block', 'alice', 'bob'),
      parvis.json('search', '@alice'),
      parvis.json('settings', 'set', 'rules', 'Be kind\nCite'),
      parvis.json('domain', 'block', 'Spam.Example', '--reason', 'spam'),
      parvis('settings', 'set', 'colour', 'red'),
    ]);
    expect(blocked).toMatchObject({ state: 'blocked' });
    expect(search).toMatchObject({ account: { handle: 'alice' }, post: null });
    expect(settings).toMatchObject({ rules: ['Be kind', 'Cite'], registration: 'closed' });
    expect(domain).toEqual({ host: 'spam.example', reason: 'spam', blocked: true });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  test('says that jobs wait for a server, and can work them off itself', async () => {
    const unsure = await parvis('user', 'delete', 'carol');
    expect(unsure).toMatchObject({ code: 1, stdout: '' });
    const { stderr } = await parvis('user', 'delete', 'carol', '--yes');
    expect(stderr).toMatch(
      /^No server is running here: (a job waits|\d+ jobs wait) until one starts, or for "parvis queue run"\n$/,
    );
    const status = () =>
      parvis.json<{ workers: number; handlers: { handler: string; waiting: number }[] }>('queue', 'status');
    const waiting = (await status()).handlers.find(({ handler }) => handler === 'erase-account');
    expect(waiting).toMatchObject({ waiting: 1 });
    expect(await parvis('queue', 'run')).toMatchObject({ code: 0, stderr: '' });
    expect((await status()).handlers.map(({ handler }) => handler)).not.toContain('erase-account');
    expect(await parvis.json('queue', 'retry')).toEqual({ retried: 0 });
  });

  test('says when jobs died last, and why', async () => {
    const database = new DatabaseSync(join(env.DATA_DIR, 'parvis.sqlite'));
    const bury = (id: number, diedAt: number, error: string) =>
      database
        .prepare(
          "INSERT INTO dead_job (id, lane, handler, payload, attempt, last_error, created_at, died_at) VALUES (?, 'local', 'fan-out', '{}', 9, ?, 0, ?)",
        )
        .run(id, error, diedAt);
    bury(1, Date.UTC(2026, 0, 15, 12, 30), 'Error: the last\n    at fanOut (fan-out.ts:1)');
    bury(2, Date.UTC(2026, 0, 15, 12), 'Error: the first');
    database.close();
    const [text, json] = await Promise.all([
      parvis('queue', 'status'),
      parvis.json<{ handlers: object[] }>('queue', 'status'),
    ]);
    expect(text.stdout).toMatch(/^fan-out +0 +0 +0 +2 +2026-01-15 12:30 +Error: the last$/m);
    expect(json.handlers).toContainEqual({
      handler: 'fan-out',
      waiting: 0,
      running: 0,
      retrying: 0,
      dead: 2,
      diedAt: '2026-01-15T12:30:00.000Z',
      lastError: 'Error: the last\n    at fanOut (fan-out.ts:1)',
    });
    expect(await parvis.json('queue', 'purge', 'fan-out')).toEqual({ purged: 2 });
  });

  test('finds what is wrong with a server', async () => {
    const database = join(env.DATA_DIR, 'parvis.sqlite');
    chmodSync(database, 0o644);
    const { code, stdout } = await parvis('doctor', '--json');
    chmodSync(database, 0o600);
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; status: string; advice?: string }[];
    };
    const found = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
    expect({ code, ok }).toEqual({ code: 1, ok: false });
    expect(found).toMatchObject({
      configuration: 'warn',
      files: 'fail',
      database: 'ok',
      origin: 'ok',
      owner: 'ok',
      queue: 'warn',
      reachable: 'fail',
    });
    expect(checks.find(({ name }) => name === 'files')?.advice).toBe(`chmod 600 ${database}`);
  });
});

describe('The owner link', () => {
  test('is not made in the wrong place: where there is no server yet, nothing comes to be', async () => {
    const elsewhere = join(folder, 'elsewhere');
    const { code, stderr } = await commandLine({ DATA_DIR: elsewhere })('owner-link');
    expect(code).toBe(1);
    expect(stderr).toContain(`There is no database in ${elsewhere}`);
    expect(existsSync(elsewhere)).toBe(false);
  });
});

describe('A command that is interrupted', () => {
  const open = () => new DatabaseSync(join(env.DATA_DIR, 'parvis.sqlite'), { timeout: 10_000 });
  const slots = (database: DatabaseSync) => database.prepare('SELECT count(*) AS n FROM process_slot').get()!['n'];

  test('gives back the jobs it has in hand, however many wait', async () => {
    const database = open();
    const add = database.prepare(
      "INSERT INTO job (id, lane, handler, payload, due, created_at) VALUES (?, 'local', 'federate-profile', ?, 1, 1)",
    );
    database.exec('BEGIN IMMEDIATE');
    for (let id = 1; id <= 20_000; id++) add.run(id, JSON.stringify({ type: 'account.changed', accountId: 1 }));
    database.exec('COMMIT');
    const left = () => database.prepare('SELECT count(*) AS n FROM job WHERE id <= 20000').get()!['n'] as number;
    const child = startNode('bin/parvis.js', env, ['queue', 'run']);
    await expect.poll(left, { timeout: 30_000, interval: 5 }).toBeLessThan(20_000);
    child.process.kill('SIGINT');
    expect({ code: await child.ended, output: child.output() }).toEqual({ code: 130, output: '' });
    expect(left()).toBeGreaterThan(0);
    expect(database.prepare('SELECT id FROM job WHERE leased_by IS NOT NULL').all()).toEqual([]);
    expect(slots(database)).toBe(0);
    database.exec('DELETE FROM job WHERE id <= 20000');
    database.close();
  }, 60_000);

  test.skipIf(process.platform !== 'linux').each([
    ['a command', 'bin/parvis.js', ['post', 'alice', 'Never said'], 143],
    ['a server', 'bin/server.js', [], 0],
  ] as const)(
    'while %s waits for its place gives that back',
    async (_name, file, words, code) => {
      const database = open();
      database.exec('BEGIN IMMEDIATE');
      const child = startNode(file, env, [...words]);
      // The database is open, and no place can be taken before the lock is gone.
      await expect.poll(() => hasOpen(child.process, 'parvis.sqlite'), { timeout: 30_000 }).toBe(true);
      child.process.kill('SIGTERM');
      database.exec('ROLLBACK');
      expect({ code: await child.ended, output: child.output() }).toEqual({ code, output: '' });
      expect(slots(database)).toBe(0);
      expect(database.prepare("SELECT id FROM post WHERE source = 'Never said'").all()).toEqual([]);
      database.close();
    },
    60_000,
  );

  test('ends also where another program has the database locked, and says so', async () => {
    const database = open();
    const child = spawn(process.execPath, ['bin/parvis.js', 'post', 'alice', '--stdin'], { env, stdio: 'pipe' });
    const said = readText(child.stderr);
    const ended = once(child, 'exit');
    await expect.poll(() => slots(database), { timeout: 30_000 }).toBe(1);
    database.exec('BEGIN IMMEDIATE');
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    expect(await said).toBe(
      'Ended without giving everything back: the database does not answer. Nothing is lost, what this command had in hand is free again within a minute\n',
    );
    database.exec('ROLLBACK; DELETE FROM process_slot');
    database.close();
  }, 60_000);
});

/** Whether a process has a file of that name open (Linux). */
function hasOpen({ pid }: ChildProcess, name: string): boolean {
  const descriptors = `/proc/${pid}/fd`;
  return readdirSync(descriptors).some((fd) => {
    try {
      return readlinkSync(join(descriptors, fd)).endsWith(`/${name}`);
    } catch {
      return false;
    }
  });
}

describe('A command line beside a running server', () => {
  let server: ServerProcess;
  let beside: CommandLine;
  beforeAll(async () => {
    server = await startServer(join(folder, 'served'));
    beside = commandLine(server.env);
  });
  afterAll(() => server.stop());

  test('works on the same data, several at a time, and leaves the jobs to the server', async () => {
    const link = await beside.json<{ link: string }>('owner-link');
    expect(link.link).toContain(`${server.origin}/setup/`);
    const made = await Promise.all(['ann', 'ben', 'cleo', 'dan'].map((name) => create(beside, name)));
    expect(made.map(({ code, stderr }) => ({ code, stderr }))).toEqual(made.map(() => ({ code: 0, stderr: '' })));
    const posts = await Promise.all(['ann', 'ben', 'cleo', 'dan'].map((name) => beside('post', name, `I am ${name}`)));
    for (const { code, stderr } of posts) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(new Set(posts.map(({ stdout }) => stdout.split(' ')[0])).size).toBe(4);
    await beside('user', 'delete', 'dan', '--yes');
    await expect
      .poll(
        async () => (await beside.json<Post[]>('timeline', 'ann', '--public')).map((post) => post.author).toSorted(),
        { timeout: 15_000 },
      )
      .toEqual(['ann', 'ben', 'cleo']);
    expect(await beside.json('queue', 'status')).toMatchObject({ workers: 1 });
  });

  test('finds the server in order where it is', async () => {
    const { checks } = JSON.parse((await beside('doctor', '--json')).stdout) as {
      checks: { name: string; status: string }[];
    };
    const found = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
    expect(found).toMatchObject({
      files: 'ok',
      database: 'ok',
      queue: 'ok',
      owner: 'warn',
      reachable: 'ok',
      clock: 'ok',
      webfinger: 'ok',
      actor: 'ok',
    });
    expect(statSync(join(folder, 'served/secret')).mode & 0o777).toBe(0o600);
  });
});
