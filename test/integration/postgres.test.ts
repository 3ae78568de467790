import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, DatabaseUnavailable } from '#db/database.ts';
import { openPostgres } from '#db/postgres.ts';
import { createTestDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';

/** What PostgreSQL has and SQLite has not. */
describe.skipIf(postgresUrl === undefined)('A connection to PostgreSQL', () => {
  let home: TestDatabase;
  const opened: Database[] = [];

  beforeEach(async () => {
    home = await createTestDatabase();
  });
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
    await home.drop();
  });

  const open = async (query = '') => {
    const database = await openPostgres(home.url + query);
    opened.push(database);
    return database;
  };

  test.each(['', '?options=-c%20search_path%3Dpublic%20-c%20jit%3Don'])(
    'has no query compiled, also where the URL has options: %j',
    async (query) => {
      const database = await open(query);
      expect(await database.get('SHOW jit')).toEqual({ jit: 'off' });
      const inTransaction = await Promise.all(
        [1, 2, 3].map(() => database.transaction((db) => db.get<{ jit: string }>('SHOW jit'))),
      );
      expect(inTransaction).toEqual([{ jit: 'off' }, { jit: 'off' }, { jit: 'off' }]);
    },
  );

  test('that breaks off is reported in a line that says so, and another takes its place', async () => {
    const { hostname, port } = new URL(home.url);
    const sockets = new Set<Socket>();
    const between = createServer((socket) => {
      const behind = connect(Number(port), hostname);
      for (const end of [socket, behind]) sockets.add(end.on('error', () => {}));
      socket.pipe(behind).pipe(socket);
    });
    await once(between.listen(0, '127.0.0.1'), 'listening');
    const cut = () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    };
    const url = new URL(home.url);
    url.port = String((between.address() as AddressInfo).port);
    const database = await openPostgres(url.href);
    opened.push(database);
    const cutLater = () => void setTimeout(cut, 50);
    const uses = {
      reading: () => {
        cutLater();
        return database.get('SELECT pg_sleep(60)');
      },
      writing: () =>
        database.transaction((db) => {
          cutLater();
          return db.get('SELECT pg_sleep(60)');
        }),
    };
    for (const [name, use] of Object.entries(uses)) {
      const failure = await use().catch((error: unknown) => error);
      expect(failure, name).toEqual(new DatabaseUnavailable('The connection to PostgreSQL broke off: try again'));
      expect(await database.get('SELECT 1 AS one'), name).toEqual({ one: 1 });
    }
    between.close();
    cut();
  }, 30_000);
});
