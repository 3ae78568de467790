import type { Knex } from 'knex';

/**
 * For `npx knex migrate:make NAME`, which writes a new file into migrations/. Nothing else of Knex's command line is used: the server
 * applies the migrations itself when it starts (src/db/migrate.ts), forward only, all or nothing.
 */
const config: Knex.Config = {
  client: 'pg',
  migrations: { directory: './migrations', extension: 'ts', stub: './migrations/.stub' },
};

export default config;
