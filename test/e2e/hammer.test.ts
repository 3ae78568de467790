import { expect, test } from 'vitest';
import { startNode } from '../support/child.ts';
import { createDatabaseHome, onEachDialect } from '../support/databases.ts';

/** Seconds of load: the acceptance run of issue 2 uses HAMMER_SECONDS=30. */
const seconds = Number(process.env['HAMMER_SECONDS'] ?? '4');

onEachDialect('Two processes on one database', (dialect) => {
  test(
    'read, write and work under load without a lock error, a lost update, or a job lost or run twice',
    { timeout: (seconds * 4 + 300) * 1_000 },
    async () => {
      await using home = await createDatabaseHome(dialect);
      const env = {
        DATA_DIR: home.dataDir,
        DATABASE_URL: home.databaseUrl,
        SECONDS: String(seconds),
        LOG_LEVEL: 'error',
      };
      // Started at the same moment on an empty database, so both migrate.
      const children = [startNode('test/support/load-process.ts', env), startNode('test/support/load-process.ts', env)];
      const codes = await Promise.all(children.map((child) => child.ended));
      const results = children.map((child) => {
        const found = /^result (.*)$/m.exec(child.output());
        return found
          ? (JSON.parse(found[1]!) as { transactions: number; errors: string[] })
          : { transactions: 0, errors: [child.output()] };
      });
      console.log(
        `${dialect}: ${results.map(({ transactions }) => Math.round(transactions / seconds)).join(' and ')} transactions a second`,
      );
      expect(results.flatMap(({ errors }) => errors)).toEqual([]);
      expect(codes).toEqual([0, 0]);
      for (const child of children) expect(child.output()).not.toMatch(/locked|SQLITE_BUSY|ERR_SQLITE/i);

      const database = await home.open();
      const transactions = results.reduce((sum, result) => sum + result.transactions, 0);
      expect(results.every((result) => result.transactions > 0)).toBe(true);
      const number = async (sql: string) => Number((await database.get<{ n: number | string }>(sql))?.n ?? 0);
      expect(await number('SELECT sum(value) AS n FROM load_counter')).toBe(transactions);
      expect(await number('SELECT count(*) AS n FROM load_emitted')).toBe(transactions);
      expect(await number('SELECT count(*) AS n FROM load_effect WHERE times = 1')).toBe(transactions);
      expect(await number('SELECT count(*) AS n FROM load_effect')).toBe(transactions);
      expect(await number('SELECT count(*) AS n FROM load_running')).toBe(0);
      expect(await number('SELECT count(*) AS n FROM dead_job')).toBe(0);
    },
  );
});
