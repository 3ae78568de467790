import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from '#app.ts';
import type { Config } from '#config.ts';
import { createFakeRemote, type FakeRemote } from '#remote/fake.ts';
import { createTestDatabase } from './postgres.ts';

export type TestDialect = 'sqlite' | 'postgres';

/** A clock that stands still until moved. */
export interface FakeClock {
  now(): number;
  advance(milliseconds: number): void;
}

export function createFakeClock(start = Date.UTC(2026, 0, 15, 12)): FakeClock {
  let time = start;
  return {
    now: () => time,
    advance(milliseconds) {
      time += milliseconds;
    },
  };
}

export interface TestApp extends App {
  clock: FakeClock;
  remote: FakeRemote;
  dataDir: string;
  /** Resolves with the port. */
  listen(): Promise<number>;
}

export interface TestOptions {
  dialect?: TestDialect;
  config?: Partial<Config>;
  clock?: FakeClock;
  /** Fills the place before the server finds it. */
  prepare?: (place: { dataDir: string; databaseUrl: string | undefined }) => Promise<void>;
}

/** A whole server with its own database, a clock that stands still and a network that is not there. Dispose of it with `await using`. */
export async function createTestApp({
  dialect = 'sqlite',
  config = {},
  clock = createFakeClock(),
  prepare,
}: TestOptions = {}): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parvis-test-'));
  const database = dialect === 'postgres' ? await createTestDatabase() : undefined;
  const remote = createFakeRemote();
  await prepare?.({ dataDir, databaseUrl: database?.url });
  const app = await createApp(
    {
      origin: 'https://parvis.example',
      host: 'parvis.example',
      scheme: config.origin?.startsWith('http:') ? 'http' : 'https',
      port: 0,
      listenHost: '127.0.0.1',
      dataDir,
      databaseUrl: database?.url,
      federationPrivateHosts: false,
      registration: undefined,
      rateLimits: false,
      trustedProxies: ['127.0.0.0/8', '::1/128'],
      role: 'all',
      logLevel: 'error',
      hsts: 0,
      secret: randomBytes(32),
      ...config,
    },
    { now: clock.now, remote },
  );
  const dispose = async () => {
    await app.stop(1_000);
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const listen = async () => (await app.listen())!;
  return { ...app, listen, clock, remote, dataDir, [Symbol.asyncDispose]: dispose };
}
