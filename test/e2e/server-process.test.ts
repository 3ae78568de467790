import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '#db/open.ts';
import { createTestDatabase, postgresUrl } from '../support/postgres.ts';
import { addressOf, millisecondsToStop, useServerProcesses } from '../support/server-processes.ts';

const servers = useServerProcesses();

/** For what is promised in seconds on the clock: a machine that stands still for one of them cannot keep it. */
const onTheClock = { retry: 2 };

/** Somebody who begins to send a request that the server has seen, and never ends. */
async function requestWithoutEnd(address: string): Promise<Socket> {
  const { port, hostname } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write('POST /inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n{');
  await once(socket, 'data');
  return socket;
}

describe('The server process', () => {
  test('starts with nothing configured but where to put things, and says where it listens', async () => {
    const child = servers.start();
    const address = await addressOf(child);
    const health = await fetch(`${address}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'ok' });
    // Nothing else that looks like an address: forms work at the origin only.
    expect(child.output()).toContain('Parvis serves http://localhost');
    expect(child.output()).not.toMatch(/127\.0\.0\.1|\[::1\]/);
  });

  test('makes its addresses with the port it got, where any would do', async () => {
    const child = servers.start();
    const address = await addressOf(child);
    const { port } = new URL(address);
    const link = (await child.says(/owner within an hour: (\S+)/))[1]!;
    expect(link).toMatch(new RegExp(`^http://localhost:${port}/setup/`));
    expect((await fetch(link)).status).toBe(200);
  });

  test('prints an address of version 6 as a browser takes it', async ({ skip }) => {
    const isThere = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
    skip(!isThere, 'this machine has no IPv6');
    const address = await addressOf(servers.start({ HOST: '::1', ORIGIN: 'https://parvis.example' }));
    expect(address).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });

  test('stops at a SIGTERM to npm as well, which a service manager started', async () => {
    const npm = spawn('npm', ['start', '--silent'], { env: { ...process.env, DATA_DIR: servers.dataDir, PORT: '0' } });
    onTestFinished(() => void npm.kill('SIGTERM'));
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    const address = await vi.waitFor(() => /^Parvis serves (http:\/\/\S+)/m.exec(output)![1]!, 90_000);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    npm.kill('SIGTERM');
    await once(npm, 'exit');
    await vi.waitFor(() => expect(fetch(`${address}/health`)).rejects.toThrow('fetch failed'), 9_000);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stops at %s at once when nothing runs, with exit code 0',
    async (signal) => {
      const child = servers.start();
      const address = await addressOf(child);
      // A kept-alive connection without a request does not hold it.
      await (await fetch(`${address}/health`)).text();
      const asked = performance.now();
      child.process.kill(signal);
      expect(await child.ended).toBe(0);
      expect(performance.now() - asked).toBeLessThan(5_000);
      await expect(fetch(`${address}/health`)).rejects.toThrow();
    },
  );

  test('stops within ten seconds also while somebody sends a request for ever', onTheClock, async () => {
    const child = servers.start();
    const slow = await requestWithoutEnd(await addressOf(child));
    expect(await millisecondsToStop(child)).toBeLessThan(10_000);
    slow.destroy();
  });

  test('stops within ten seconds also while another program holds the SQLite file', onTheClock, async () => {
    const child = servers.start();
    await addressOf(child);
    const other = new DatabaseSync(join(servers.dataDir, 'parvis.sqlite'), { timeout: 5_000 });
    other.exec('BEGIN IMMEDIATE');
    try {
      expect(await millisecondsToStop(child)).toBeLessThan(10_500);
      expect(child.output()).toContain('Stopped without giving everything back');
    } finally {
      other.close();
    }
    const health = await fetch(`${await addressOf(servers.start())}/health`);
    expect(health.status).toBe(200);
  });

  test.skipIf(postgresUrl === undefined)(
    'stops within ten seconds also while PostgreSQL does not answer',
    onTheClock,
    async () => {
      const { url, drop } = await createTestDatabase();
      const child = servers.start({ DATABASE_URL: url });
      await addressOf(child);
      const other = new pg.Client({ connectionString: url });
      await other.connect();
      try {
        await other.query('BEGIN');
        await other.query('LOCK TABLE process_slot');
        expect(await millisecondsToStop(child)).toBeLessThan(10_500);
        expect(child.output()).toContain('Stopped without giving everything back');
      } finally {
        await other.end();
        await drop();
      }
    },
  );

  test('ends at once at the second signal', async () => {
    const child = servers.start();
    const address = await addressOf(child);
    const slow = await requestWithoutEnd(address);
    child.process.kill('SIGTERM');
    // That it takes no more connections shows that it heard the first one: two at once would be one to it.
    await vi.waitFor(() => expect(fetch(`${address}/health`)).rejects.toThrow('fetch failed'), 5_000);
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(1);
    slow.destroy();
  });

  test('works as web and worker side by side on one folder: what one adds the other does', async () => {
    const web = servers.start({ ROLE: 'web' });
    const worker = servers.start({ ROLE: 'worker' });
    const [address] = await Promise.all([addressOf(web), worker.says(/^Parvis works for/m)]);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    const database = await openDatabase({ dataDir: servers.dataDir, databaseUrl: undefined });
    // An event about nothing: handled, without effect.
    await database.transaction(async (db) => {
      const payload = '{"type":"post.partly-fanned-out","postId":1,"afterFollowerId":0}';
      await db.run(
        `INSERT INTO job (id, lane, handler, payload, due, created_at) VALUES (1, 'local', 'fan-out', ?, 0, 0)`,
        [payload],
      );
    });
    await expect.poll(() => database.get('SELECT id FROM job WHERE id = 1')).toBeUndefined();
    await database.close();
  });

  test('leaves jobs to the worker when it is only web', async () => {
    const web = servers.start({ ROLE: 'web' });
    await addressOf(web);
    const database = await openDatabase({ dataDir: servers.dataDir, databaseUrl: undefined });
    await database.transaction((db) =>
      db.run(
        `INSERT INTO job (id, lane, handler, payload, due, created_at) VALUES (1, 'local', 'fan-out', '{}', 0, 0)`,
      ),
    );
    await sleep(1_200);
    expect(await database.get('SELECT attempt FROM job WHERE id = 1')).toEqual({ attempt: 0 });
    await database.close();
  });

  test('starts again after it was killed', async () => {
    for (let round = 0; round < 3; round++) {
      const child = servers.start();
      await addressOf(child);
      child.process.kill('SIGKILL');
      await child.ended;
    }
    const address = await addressOf(servers.start());
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });
});
