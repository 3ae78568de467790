/** Stops in the middle of a migration, to be killed there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '#config.ts';
import { openDatabase } from '#db/open.ts';
import { up } from '../../migrations/0001-foundation.ts';

const database = await openDatabase(readConfig());
await database.transaction(
  async (db) => {
    await db.run('CREATE TABLE migration (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)');
    await up(await db.schemaBuilder());
    await db.run(`INSERT INTO migration (name, applied_at) VALUES ('0001-foundation.ts', 0)`);
    console.log('half-way');
    await sleep(60_000);
  },
  { timeLimit: 60_000 },
);
