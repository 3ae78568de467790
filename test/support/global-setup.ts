import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';

/**
 * Starts a PostgreSQL of the tests' own for as long as they run: in a folder of its own, on a free port of the loopback, as a user that is
 * not root (PostgreSQL refuses root), without waiting for the disk. Where PostgreSQL is not installed, its tests are skipped and say so.
 * TEST_POSTGRES_URL names a server to use instead.
 */
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TEST_POSTGRES_URL'] !== undefined) return undefined;
  const binaries = findBinaries();
  if (binaries === undefined) {
    console.warn('PostgreSQL is not installed: the tests on it are skipped (Debian: apt-get install postgresql)');
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'parvis-postgres-'));
  const user = chooseUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = {
    ...user,
    cwd: folder,
    stdio: 'ignore' as const,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  };
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'parvis', '--auth=trust', '--encoding=UTF8', '--no-sync'],
    options,
  );

  const port = await freePort();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_connections: 200,
  };
  const server = spawn(
    join(binaries, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    options,
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  // Should this process be killed, the server goes with it.
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  await waitUntilReady(join(binaries, 'pg_isready'), port, () => server.exitCode !== null);
  process.env['TEST_POSTGRES_URL'] = `postgres://parvis@127.0.0.1:${port}/postgres`;

  return async () => {
    // SIGQUIT ends it at once: nothing in it is worth a checkpoint.
    server.kill('SIGQUIT');
    await ended;
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** The folder of initdb and postgres: what PATH finds, else the newest that Debian, Fedora or Homebrew installed beside it. */
function findBinaries(): string | undefined {
  const roots = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'].filter((root) =>
    existsSync(root),
  );
  const versions = roots.flatMap((root) => readdirSync(root).map((name) => join(root, name, 'bin')));
  const newest = versions.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...newest];
  return folders.find((folder) => ['initdb', 'postgres', 'pg_isready'].every((name) => existsSync(join(folder, name))));
}

/** Whom to run it as: root cannot, so an existing user without rights does. */
function chooseUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // There is no such user: the next one.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is no user called postgres or nobody');
}

async function waitUntilReady(isReady: string, port: number, hasEnded: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (hasEnded()) throw new Error('PostgreSQL did not start');
    try {
      execFileSync(isReady, ['-q', '-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('PostgreSQL did not get ready within two minutes');
}
