import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, type Db, list } from '#db/database.ts';
import { createDatabaseHome, type DatabaseHome, onEachDialect } from '../support/databases.ts';

onEachDialect('The database', (dialect) => {
  let home: DatabaseHome;
  let database: Database;

  beforeEach(async () => {
    home = await createDatabaseHome(dialect);
    database = await home.open();
    await database.transaction(async (db) => {
      await db.run('CREATE TABLE item (id BIGINT PRIMARY KEY, some_name TEXT, is_open INTEGER, data TEXT)');
    });
  });

  afterEach(() => home[Symbol.asyncDispose]());

  const insert = (db: Db, id: number, name = 'a') =>
    db.run('INSERT INTO item (id, some_name) VALUES (?, ?)', [id, name]);
  const ids = async (db: Db = database) =>
    (await db.all<{ id: number }>('SELECT id FROM item ORDER BY id')).map((row) => row.id);

  test('gives rows camelCase keys, big integers as numbers, and undefined and booleans a place', async () => {
    const id = 2 ** 53 - 1;
    await database.transaction((db) =>
      db.run('INSERT INTO item (id, some_name, is_open, data) VALUES (?, ?, ?, ?)', [id, 'é', true, undefined]),
    );
    expect(await database.get('SELECT id, some_name, is_open, data FROM item WHERE id = ?', [id])).toEqual({
      id,
      someName: 'é',
      isOpen: 1,
      data: null,
    });
    expect(await database.get('SELECT id FROM item WHERE id = ?', [1])).toBeUndefined();
    expect(await database.all('SELECT id FROM item WHERE id = ?', [1])).toEqual([]);
  });

  test('says how many rows a statement changed', async () => {
    await database.transaction(async (db) => {
      for (const id of [1, 2, 3]) expect(await insert(db, id)).toBe(1);
      expect(await db.run('INSERT INTO item (id) VALUES (1) ON CONFLICT DO NOTHING')).toBe(0);
      expect(await db.run('DELETE FROM item WHERE id > ?', [1])).toBe(2);
    });
  });

  test('finds rows by lists of every length, the empty one included', async () => {
    await database.transaction(async (db) => {
      for (let id = 1; id <= 20; id++) await insert(db, id);
    });
    for (const wanted of [[], [3], [1, 2, 3], [5, 4, 99, 7, 8], Array.from({ length: 20 }, (_, i) => i + 1)]) {
      const { sql, values } = list(wanted);
      const found = await database.all<{ id: number }>(`SELECT id FROM item WHERE id ${sql} ORDER BY id`, values);
      expect(found.map((row) => row.id)).toEqual(wanted.filter((id) => id <= 20).toSorted((a, b) => a - b));
    }
  });

  test('keeps what a transaction wrote, all of it', async () => {
    const value = await database.transaction(async (db) => {
      await insert(db, 1);
      await insert(db, 2);
      expect(await ids(db)).toEqual([1, 2]);
      return 'done';
    });
    expect(value).toBe('done');
    expect(await ids()).toEqual([1, 2]);
  });

  test('keeps nothing of a transaction that fails', async () => {
    const failing = database.transaction(async (db) => {
      await insert(db, 1);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await ids()).toEqual([]);
  });

  test('rejects also when a transaction throws at once', async () => {
    const failing = database.transaction(() => {
      throw new Error('at once');
    });
    await expect(failing).rejects.toThrow('at once');
    await database.transaction((db) => insert(db, 1));
    expect(await ids()).toEqual([1]);
  });

  test('does not let one failing transaction touch the others that run at the same time', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, i) =>
        database.transaction(async (db) => {
          await insert(db, i);
          if (i % 3 === 0) throw new Error(`no ${i}`);
          // An error of the database itself, half-way.
          if (i % 3 === 1) await db.run('INSERT INTO nowhere (id) VALUES (1)');
          return i;
        }),
      ),
    );
    const kept = Array.from({ length: 300 }, (_, i) => i).filter((i) => i % 3 === 2);
    expect(await ids()).toEqual(kept);
    expect(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))).toEqual(kept);
  });

  test('lets no transaction see what another has not committed', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        database.transaction(async (db) => {
          await insert(db, i);
          const rolledBack = await db.all('SELECT id FROM item WHERE some_name = ?', ['rolled back']);
          expect(rolledBack).toEqual([]);
        }),
      ).concat(
        Array.from({ length: 20 }, (_, i) =>
          database
            .transaction(async (db) => {
              await insert(db, 100 + i, 'rolled back');
              throw new Error('no');
            })
            .catch(() => {}),
        ),
      ),
    );
    expect(await ids()).toHaveLength(20);
  });

  test('shows readers only what is committed', async () => {
    await database.transaction(async (db) => {
      await insert(db, 1);
      expect(await ids(database)).toEqual([]);
      expect(await ids(db)).toEqual([1]);
    });
    expect(await ids(database)).toEqual([1]);
  });

  test('is the same for another connection', async () => {
    const other = await home.open();
    await database.transaction((db) => insert(db, 1));
    expect(await ids(other)).toEqual([1]);
    await other.transaction((db) => insert(db, 2));
    expect(await ids(database)).toEqual([1, 2]);
  });

  test('runs hooks after the commit, in order, and not when there is none', async () => {
    const told: string[] = [];
    await database.transaction(async (db) => {
      db.afterCommit(() => told.push('first'));
      await insert(db, 1);
      db.afterCommit(() => told.push('second'));
      await Promise.resolve();
      expect(told).toEqual([]);
    });
    expect(told).toEqual(['first', 'second']);
    await database
      .transaction(async (db) => {
        db.afterCommit(() => told.push('never'));
        throw new Error('no');
      })
      .catch(() => {});
    expect(told).toEqual(['first', 'second']);
    database.afterCommit(() => told.push('outside'));
    expect(told).toEqual(['first', 'second', 'outside']);
  });

  test('lets hooks see what was committed', async () => {
    let seen: Promise<number[]> | undefined;
    await database.transaction(async (db) => {
      await insert(db, 7);
      db.afterCommit(() => {
        seen = ids();
      });
    });
    expect(await seen).toEqual([7]);
  });

  test('goes on when a hook throws', async () => {
    const told: number[] = [];
    await database.transaction(async (db) => {
      await insert(db, 1);
      db.afterCommit(() => {
        throw new Error('a bug');
      });
      db.afterCommit(() => told.push(1));
    });
    await database.transaction((db) => insert(db, 2));
    expect(told).toEqual([1]);
    expect(await ids()).toEqual([1, 2]);
  });

  test('refuses writes on the outer handle', async () => {
    await expect(insert(database, 1)).rejects.toThrow('Writes need a transaction');
    expect(await ids()).toEqual([]);
  });

  test('fails loudly when a handle is used after its transaction', async () => {
    let leaked: Db | undefined;
    await database.transaction(async (db) => {
      leaked = db;
      await insert(db, 1);
    });
    await expect(insert(leaked!, 2)).rejects.toThrow('This transaction is over');
    await expect(leaked!.get('SELECT 1')).rejects.toThrow('This transaction is over');
    expect(await ids()).toEqual([1]);
  });

  test('fails loudly when a statement was not awaited', async () => {
    let late: Promise<unknown> | undefined;
    const over = Promise.withResolvers<void>();
    await database.transaction(async (db) => {
      await insert(db, 1);
      late = over.promise.then(() => insert(db, 2));
    });
    over.resolve();
    await expect(late).rejects.toThrow('This transaction is over');
    expect(await ids()).toEqual([1]);
  });

  test('offers the schema builder in a transaction, and nowhere else', async () => {
    await database.transaction(async (db) => {
      const builder = await db.schemaBuilder();
      await builder.schema.createTable('built', (t) => t.bigInteger('id').primary());
      await db.run('INSERT INTO built (id) VALUES (?)', [1]);
    });
    expect(await database.all('SELECT id FROM built')).toEqual([{ id: 1 }]);
    await expect(database.schemaBuilder()).rejects.toThrow('in a transaction');
  });

  test('loses no increment when many read and then write', async () => {
    await database.transaction((db) => db.run('INSERT INTO item (id, is_open) VALUES (1, 0)'));
    const other = await home.open();
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 === 0 ? database : other).transaction(async (db) => {
          await db.get('SELECT is_open FROM item WHERE id = 1');
          await db.run('UPDATE item SET is_open = is_open + 1 WHERE id = 1');
        }),
      ),
    );
    expect(await database.get('SELECT is_open FROM item WHERE id = 1')).toEqual({ isOpen: 100 });
  });

  test('settles it when two look for a row and both insert it', async () => {
    const other = await home.open();
    const ensure = (on: Database) =>
      on.transaction(async (db) => {
        const found = await db.get<{ id: number }>('SELECT id FROM item WHERE id = 1');
        if (found) return 'found';
        await sleep(10);
        await insert(db, 1);
        return 'inserted';
      });
    expect((await Promise.all([ensure(database), ensure(other)])).toSorted()).toEqual(['found', 'inserted']);
  });

  test('waits at its end for the transactions under way', async () => {
    const writing = Promise.all(Array.from({ length: 50 }, (_, i) => database.transaction((db) => insert(db, i))));
    await database.close();
    await writing;
    expect(await ids(await home.open())).toHaveLength(50);
  });
});
