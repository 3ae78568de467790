import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#db/database.ts';
import { expect, test } from 'vitest';
import { LEASE } from '#jobs/worker.ts';
import { startNode } from '../support/child.ts';
import { createDatabaseHome, onEachDialect } from '../support/databases.ts';

onEachDialect('A process that is killed', (dialect) => {
  // PostgreSQL's own process is not killed, so less can go wrong there.
  const kills = dialect === 'sqlite' ? 20 : 8;

  test(
    `at ${kills} random moments of a job load loses no event and does nothing twice`,
    { timeout: 600_000 },
    async () => {
      await using home = await createDatabaseHome(dialect);
      const start = (round: number, mode: string) =>
        startNode('test/support/load-process.ts', {
          DATA_DIR: home.dataDir,
          DATABASE_URL: home.databaseUrl,
          LOG_LEVEL: 'error',
          SECONDS: '60',
          MODE: mode,
          PUBLISH: 'on',
          // By then the leases of the killed are over.
          AHEAD: String((round + 1) * (LEASE + 1_000)),
        });
      let database: Database | undefined;
      // Not before the first process has made it.
      const count = async (sql: string) =>
        Number((await (database ??= await home.open()).get<{ n: number | string }>(sql))?.n ?? 0);
      for (let round = 0; round < kills; round++) {
        const child = start(round, 'load');
        // Every other time while it starts, or soon after.
        const isStarting = round % 2 === 1;
        if (!isStarting) await child.says(/^ready$/m);
        // However slow the machine is, the first one has done something of everything before it is killed.
        if (round === 0)
          await expect.poll(() => count('SELECT count(*) AS n FROM post'), { timeout: 60_000 }).toBeGreaterThan(0);
        await sleep(Math.random() * (isStarting ? 1_000 : 250));
        child.process.kill('SIGKILL');
        expect(await child.ended).toBe('SIGKILL');
      }

      const last = start(kills, 'finish');
      await last.says(/^result (.*)$/m, 300_000);
      expect(JSON.parse(/^result (.*)$/m.exec(last.output())![1]!)).toEqual({ transactions: 0, errors: [] });
      expect(await last.ended).toBe(0);

      const emitted = await count('SELECT count(*) AS n FROM load_emitted');
      expect(emitted).toBeGreaterThan(kills);
      expect(await count('SELECT sum(value) AS n FROM load_counter')).toBe(emitted);
      expect(await count('SELECT count(*) AS n FROM load_effect')).toBe(emitted);
      expect(await count('SELECT count(*) AS n FROM load_effect WHERE times <> 1')).toBe(0);
      expect(await count('SELECT count(*) AS n FROM load_emitted WHERE id NOT IN (SELECT id FROM load_effect)')).toBe(
        0,
      );

      // Events that the server's own subscribers hear: each post became one delivery to the one follower.
      const posts = await count('SELECT count(*) AS n FROM post');
      expect(posts).toBeGreaterThan(0);
      const toldOf = 'FROM delivery JOIN delivery_body ON delivery_body.id = body_id JOIN post ON post.uri = about';
      expect(await count(`SELECT count(*) AS n ${toldOf}`)).toBe(posts);
      expect(await count(`SELECT count(DISTINCT post.id) AS n ${toldOf}`)).toBe(posts);
      expect(await count('SELECT count(*) AS n FROM dead_job')).toBe(0);
      if (dialect === 'sqlite')
        expect(await database!.all('PRAGMA integrity_check')).toEqual([{ integrityCheck: 'ok' }]);
    },
  );
});
