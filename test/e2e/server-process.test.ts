import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '#db/open.ts';
import { type NodeChild, startNode } from '../support/child.ts';

let dataDir: string;
const children: NodeChild[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parvis-server-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.process.kill('SIGKILL');
    await child.ended;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}): NodeChild {
  const child = startNode('src/main.ts', { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warning', ...env });
  children.push(child);
  return child;
}

/** The address that a starting server prints. */
const addressOf = async (child: NodeChild) => (await child.says(/^Parvis .* on (http:\/\/\S+)/m))[1]!;

/** What a server that does not start prints, and how it ends. */
async function refusal(env: Record<string, string>): Promise<{ lines: string[]; code: number | string }> {
  const child = start(env);
  const code = await child.ended;
  return { lines: child.output().trim().split('\n'), code };
}

describe('The server process', () => {
  test('starts with nothing configured but where to put things, and says where it listens', async () => {
    const child = start();
    const address = await addressOf(child);
    const health = await fetch(`${address}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'ok' });
    expect(child.output()).toContain('http://localhost');
  });

  test('stops at a SIGTERM to npm as well, which a service manager started', async () => {
    const npm = spawn('npm', ['start', '--silent'], { env: { ...process.env, DATA_DIR: dataDir, PORT: '0' } });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    const address = await vi.waitFor(() => /^Parvis .* on (http:\/\/\S+)/m.exec(output)![1]!, 15_000);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    npm.kill('SIGTERM');
    await once(npm, 'exit');
    await vi.waitFor(() => expect(fetch(`${address}/health`)).rejects.toThrow('fetch failed'), 9_000);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stops at %s at once when nothing runs, with exit code 0',
    async (signal) => {
      const child = start();
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

  test('stops within ten seconds also while somebody sends a request for ever', async () => {
    const child = start();
    const { port, hostname } = new URL(await addressOf(child));
    const { connect } = await import('node:net');
    const slow = connect(Number(port), hostname);
    slow.on('error', () => {});
    slow.write('POST /inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{');
    await sleep(100);
    const asked = performance.now();
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    slow.destroy();
  }, 20_000);

  test('ends at once at the second signal', async () => {
    const child = start();
    const { port, hostname } = new URL(await addressOf(child));
    const { connect } = await import('node:net');
    const slow = connect(Number(port), hostname);
    slow.on('error', () => {});
    slow.write('POST /inbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{');
    await sleep(100);
    child.process.kill('SIGTERM');
    await sleep(300);
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(1);
    slow.destroy();
  });

  test('works as web and worker side by side on one folder: what one adds the other does', async () => {
    const web = start({ ROLE: 'web' });
    const worker = start({ ROLE: 'worker' });
    const [address] = await Promise.all([addressOf(web), worker.says(/^Parvis works for/m)]);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    const database = await openDatabase({ dataDir, databaseUrl: undefined });
    // An event about nothing: handled, without effect.
    await database.transaction(async (db) => {
      const payload = '{"type":"post.fan-out","postId":1,"afterFollowerId":0}';
      await db.run(
        `INSERT INTO job (id, lane, handler, payload, due, created_at) VALUES (1, 'local', 'fan-out', ?, 0, 0)`,
        [payload],
      );
    });
    await expect.poll(() => database.get('SELECT id FROM job WHERE id = 1'), { timeout: 5_000 }).toBeUndefined();
    await database.close();
  });

  test('leaves jobs to the worker when it is only web', async () => {
    const web = start({ ROLE: 'web' });
    await addressOf(web);
    const database = await openDatabase({ dataDir, databaseUrl: undefined });
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
      const child = start();
      await addressOf(child);
      child.process.kill('SIGKILL');
      await child.ended;
    }
    const address = await addressOf(start());
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });
});

describe('A server that cannot start', () => {
  test('says in one line what to write when a variable is wrong', async () => {
    const { lines, code } = await refusal({ PORT: 'eighty' });
    expect(lines).toEqual(['PORT=eighty is not valid: write a port number from 0 to 65535']);
    expect(code).toBe(1);
  });

  test('says in one line that its port is taken, and takes no jobs', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { lines, code } = await refusal({ PORT: String((other.address() as AddressInfo).port) });
    expect(lines).toEqual(['Cannot listen there: another program uses it. Choose another HOST or PORT']);
    expect(code).toBe(1);
    other.close();
  });

  test('says in one line that its address is not one of this machine', async () => {
    const { lines, code } = await refusal({ HOST: '192.0.2.1' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Cannot listen there: .*EADDRNOTAVAIL.* Choose another HOST or PORT$/);
    expect(code).toBe(1);
  });

  test('says in one line that PostgreSQL cannot be reached', async () => {
    const { lines, code } = await refusal({ DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/none' });
    expect(lines).toEqual(['PostgreSQL cannot be reached: check that it runs, and DATABASE_URL (ECONNREFUSED)']);
    expect(code).toBe(1);
  });

  test('says in one line that the database is damaged, and leaves it', async () => {
    writeFileSync(join(dataDir, 'parvis.sqlite'), 'not a database '.repeat(1_000));
    const { lines, code } = await refusal({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/cannot be opened: The database file is not an SQLite database: restore a backup$/);
    expect(code).toBe(1);
  });

  test('says in one line that the database belongs to another origin', async () => {
    const first = start({ ORIGIN: 'https://first.example' });
    await addressOf(first);
    first.process.kill('SIGTERM');
    await first.ended;
    const { lines, code } = await refusal({ ORIGIN: 'https://second.example' });
    expect(lines).toEqual([
      'This database belongs to https://first.example, not to https://second.example: set ORIGIN=https://first.example, or another DATA_DIR for a new place',
    ]);
    expect(code).toBe(1);
    const again = start({ ORIGIN: 'https://first.example' });
    expect((await fetch(`${await addressOf(again)}/health`)).status).toBe(200);
  });

  test('says in one line that the database is of a newer version', async () => {
    const first = start();
    await addressOf(first);
    first.process.kill('SIGTERM');
    await first.ended;
    const database = await openDatabase({ dataDir, databaseUrl: undefined });
    await database.transaction((db) => db.run(`INSERT INTO migration (name, applied_at) VALUES ('9999-future.ts', 0)`));
    await database.close();
    const { lines, code } = await refusal({});
    expect(lines).toEqual([
      'The database was made by a newer version (it has 9999-future.ts): install that version again',
    ]);
    expect(code).toBe(1);
  });
});
