import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** Set by the global set-up that starts PostgreSQL for the tests; absent where PostgreSQL is not installed. */
export const postgresUrl = process.env['TEST_POSTGRES_URL'];

/** The dialects that can be tested here. */
export const dialects = postgresUrl === undefined ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const);

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A new, empty database on the tests' PostgreSQL. */
export async function createTestDatabase(): Promise<TestDatabase> {
  if (postgresUrl === undefined) throw new Error('PostgreSQL is not installed here');
  const name = `parvis_${randomUUID().replaceAll('-', '')}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Runs a statement as the tests' own administrator. */
export async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
