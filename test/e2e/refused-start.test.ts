import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '#db/open.ts';
import { commandLine } from '../support/command-line.ts';
import { administer, createTestDatabase, postgresUrl } from '../support/postgres.ts';
import { addressOf, millisecondsToStop, useServerProcesses } from '../support/server-processes.ts';

const servers = useServerProcesses();

describe('A server that cannot start', () => {
  test('says in one line what to write when a variable is wrong', async () => {
    const { lines, code } = await servers.refusal({ PORT: 'eighty' });
    expect(lines).toEqual(['PORT=eighty is not valid: write a port number from 0 to 65535']);
    expect(code).toBe(1);
  });

  test('says in one line that its port is taken, and takes no jobs', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { lines, code } = await servers.refusal({ PORT: String(port) });
    expect(lines).toEqual([`Cannot listen on http://127.0.0.1:${port}: another program uses it. Choose another PORT`]);
    expect(code).toBe(1);
    other.close();
  });

  test('says in one line that its address is not one of this machine', async () => {
    const { lines, code } = await servers.refusal({ HOST: '192.0.2.1', PORT: '4000' });
    expect(lines).toEqual([
      'Cannot listen on http://192.0.2.1:4000: this machine does not have that address. Choose another HOST',
    ]);
    expect(code).toBe(1);
  });

  test.each(['nonsense.invalid', '999.1.1.1'])('says in one line that %s is no address', async (host) => {
    const { lines, code } = await servers.refusal({ HOST: host, PORT: '4000' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Cannot listen on .*:4000: HOST is not an address, nor a name that this machine knows/);
    expect(code).toBe(1);
  });

  test('says in one line that PostgreSQL cannot be reached', async () => {
    const { lines, code } = await servers.refusal({ DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/none' });
    expect(lines).toEqual(['PostgreSQL cannot be reached: check that it runs, and DATABASE_URL (ECONNREFUSED)']);
    expect(code).toBe(1);
  });

  test.skipIf(postgresUrl === undefined)('says in one line that it may not make tables in PostgreSQL', async () => {
    const { url, drop } = await createTestDatabase();
    const name = `reader_${process.pid}`;
    const owner = new pg.Client({ connectionString: url });
    await owner.connect();
    try {
      await owner.query(`CREATE ROLE ${name} LOGIN`);
      const asReader = new URL(url);
      asReader.username = name;
      const { lines, code } = await servers.refusal({ DATABASE_URL: asReader.href });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^PostgreSQL refuses DATABASE_URL: its user may not make tables.* \(42501\)$/);
      expect(code).toBe(1);
    } finally {
      await owner.end();
      await drop();
      await administer(`DROP ROLE ${name}`);
    }
  });

  test.skipIf(postgresUrl === undefined)('refuses a PostgreSQL database that cannot hold every character', async () => {
    const name = `latin_${process.pid}`;
    await administer(`CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    try {
      const url = new URL(postgresUrl!);
      url.pathname = `/${name}`;
      const { lines, code } = await servers.refusal({ DATABASE_URL: url.href });
      expect(lines).toEqual([
        'The PostgreSQL database has the encoding LATIN1, which does not hold everything people write: make one with "createdb -O parvis -E UTF8 -T template0 parvis"',
      ]);
      expect(code).toBe(1);
    } finally {
      await administer(`DROP DATABASE ${name}`);
    }
  });

  test('says in one line that the database is damaged, and leaves it', async () => {
    writeFileSync(join(servers.dataDir, 'secret'), 'ab'.repeat(32));
    writeFileSync(join(servers.dataDir, 'parvis.sqlite'), 'not a database '.repeat(1_000));
    const { lines, code } = await servers.refusal({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/cannot be opened: The database file is not an SQLite database: restore a backup$/);
    expect(code).toBe(1);
  });

  test('says in one line that the database belongs to another origin', async () => {
    const first = servers.start({ ORIGIN: 'https://first.example' });
    await addressOf(first);
    await millisecondsToStop(first);
    const parvis = commandLine({ DATA_DIR: servers.dataDir, ORIGIN: 'https://first.example' });
    await parvis.json('user', 'create', 'ann', '--email', 'ann@mail.example', '--password', 'correct horse');
    const { lines, code } = await servers.refusal({ ORIGIN: 'https://second.example' });
    expect(lines).toEqual([
      'This database belongs to https://first.example, not to https://second.example: set ORIGIN=https://first.example, or another DATA_DIR for a new place',
    ]);
    expect(code).toBe(1);
    const again = servers.start({ ORIGIN: 'https://first.example' });
    expect((await fetch(`${await addressOf(again)}/health`)).status).toBe(200);
  });

  test('takes another origin as long as nobody is there', async () => {
    const first = servers.start({ ORIGIN: 'https://first.example' });
    await addressOf(first);
    await millisecondsToStop(first);
    const second = servers.start({ ORIGIN: 'https://second.example' });
    const address = await addressOf(second);
    const answer = await fetch(`${address}/.well-known/nodeinfo`, {
      headers: { 'x-forwarded-host': 'second.example' },
    });
    expect(answer.status).toBeLessThan(500);
    const database = new DatabaseSync(join(servers.dataDir, 'parvis.sqlite'), { readOnly: true });
    const accounts = database.prepare('SELECT uri FROM account').all() as { uri: string }[];
    database.close();
    expect(accounts.map(({ uri }) => new URL(uri).origin)).toEqual(['https://second.example']);
  });

  test.each(['https://example.org', 'https://social.example.com', 'https://your.domain'])(
    'refuses %s, which stands for another name in the guide',
    async (origin) => {
      const { lines, code } = await servers.refusal({ ORIGIN: origin });
      expect(lines).toEqual([
        `ORIGIN=${origin} is not valid: write the public origin of this server without a path, such as https://example.org with your own name`,
      ]);
      expect(code).toBe(1);
    },
  );

  test('says in one line that its secret is missing, and makes no other', async () => {
    const first = servers.start();
    await addressOf(first);
    await millisecondsToStop(first);
    renameSync(join(servers.dataDir, 'secret'), join(servers.dataDir, 'elsewhere'));
    const { lines, code } = await servers.refusal({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /secret is missing, and the database cannot be used without it: restore it from a backup$/,
    );
    expect(code).toBe(1);
    renameSync(join(servers.dataDir, 'elsewhere'), join(servers.dataDir, 'secret'));
    await addressOf(servers.start());
  });

  test('says in one line that its secret is not that of the database', async () => {
    const first = servers.start();
    await addressOf(first);
    await millisecondsToStop(first);
    writeFileSync(join(servers.dataDir, 'secret'), 'ab'.repeat(32));
    const { lines, code } = await servers.refusal({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/secret does not belong to this database, whose keys cannot be read with it: restore/);
    expect(code).toBe(1);
  });

  test.skipIf(postgresUrl === undefined)('refuses a second DATA_DIR on a PostgreSQL database', async () => {
    const { url, drop } = await createTestDatabase();
    const first = servers.start({ DATABASE_URL: url, ORIGIN: 'https://first.example' });
    await addressOf(first);
    const env = { DATABASE_URL: url, ORIGIN: 'https://first.example', DATA_DIR: join(servers.dataDir, 'another') };
    const { lines, code } = await servers.refusal(env);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/another\/secret does not belong to this database/);
    expect(code).toBe(1);
    await millisecondsToStop(first);
    await drop();
  });

  test('says in one line that the database is of a newer version', async () => {
    const first = servers.start();
    await addressOf(first);
    await millisecondsToStop(first);
    const database = await openDatabase({ dataDir: servers.dataDir, databaseUrl: undefined });
    await database.transaction((db) => db.run(`INSERT INTO migration (name, applied_at) VALUES ('9999-future.ts', 0)`));
    await database.close();
    const { lines, code } = await servers.refusal({});
    expect(lines).toEqual([
      'The database was made by a newer version (it has 9999-future.ts): install that version again',
    ]);
    expect(code).toBe(1);
  });
});
