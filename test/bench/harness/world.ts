import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from '#app.ts';
import { readConfig } from '#config.ts';
import { type Ctx, inTransaction } from '#context.ts';
import type { Database } from '#db/database.ts';
import { openDatabase } from '#db/open.ts';
import { SQLITE_FILE } from '#lib/data-folder.ts';
import { addToCounters, insertAccount } from '#domain/accounts/account-store.ts';
import type { Account } from '#domain/accounts/account.ts';
import { insertFollow } from '#domain/relationships/follow-store.ts';
import { createUser } from '#domain/sign-in/create-user.ts';
import type { SigningActor } from './actors.ts';
import { freePort } from '../../support/free-port.ts';
import { type Child, startChild } from './child.ts';

/** One for all worlds of a run, since addresses are in the database that a world copies; another for each run on this machine. */
const PORT = await freePort();

/** A server's folder and environment, and what was put into its database before it started. */
export interface World {
  readonly dataDir: string;
  readonly env: Record<string, string>;
  readonly origin: string;
  /** Works on the database while no server runs. */
  prepare<T>(fn: (ctx: Ctx) => Promise<T>): Promise<T>;
  start(): Promise<Child & { hello: { port: number } }>;
  /** One number from the database, read beside the running server. */
  count(sql: string, params?: (number | string)[]): Promise<number>;
  /** Bytes of database and log. */
  bytes(): number;
  dispose(): Promise<void>;
}

/** An empty world, or a copy of `template`, with which no server runs. */
export function createWorld(template?: World): World {
  const dataDir = mkdtempSync(join(tmpdir(), 'parvis-bench-'));
  if (template) cpSync(template.dataDir, dataDir, { recursive: true });
  const origin = `http://localhost:${PORT}`;
  const env = {
    ORIGIN: origin,
    PORT: String(PORT),
    DATA_DIR: dataDir,
    FEDERATION_PRIVATE_HOSTS: 'on',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'error',
    NODE_ENV: 'production',
  };
  let reader: Database | undefined;
  return {
    dataDir,
    env,
    origin,
    async prepare(fn) {
      const app: App = await createApp(readConfig(env));
      try {
        return await fn(app.ctx);
      } finally {
        await app.stop(0);
      }
    },
    start: () => startChild<{ port: number }>('server-process.ts', [], env),
    async count(sql, params = []) {
      reader ??= await openDatabase({ databaseUrl: undefined, dataDir });
      return (await reader.get<{ n: number }>(sql, params))?.n ?? 0;
    },
    bytes: () =>
      [SQLITE_FILE, `${SQLITE_FILE}-wal`].reduce(
        (sum, file) => sum + (statSync(join(dataDir, file), { throwIfNoEntry: false })?.size ?? 0),
        0,
      ),
    async dispose() {
      await reader?.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export async function createReaders(ctx: Ctx, count: number): Promise<Account[]> {
  const accounts: Account[] = [];
  for (let n = 0; n < count; n++) {
    const username = `reader${n}`;
    accounts.push(
      await createUser(ctx, { username, email: `${username}@mail.example`, password: randomUUID(), role: 'user' }),
    );
  }
  return accounts;
}

/** Remote accounts as they are once known; their keys are learnt from their documents. Returns their ids. */
export async function insertRemoteAccounts(
  ctx: Ctx,
  actors: readonly Pick<SigningActor, 'name' | 'host' | 'origin' | 'uri'>[],
): Promise<number[]> {
  const ids: number[] = [];
  for (let start = 0; start < actors.length; start += 500) {
    await inTransaction(ctx, async (tx) => {
      for (const { name, host, origin, uri } of actors.slice(start, start + 500)) {
        const id = tx.ids.next();
        ids.push(id);
        await insertAccount(tx.db, {
          id,
          createdAt: tx.now(),
          kind: 'person',
          username: name,
          host,
          uri,
          url: `${origin}/@${name}`,
          inbox: `${uri}/inbox`,
          sharedInbox: `${origin}/inbox`,
          followersUri: `${uri}/followers`,
          fetchedAt: tx.now(),
        });
      }
    });
  }
  return ids;
}

/** Everybody of `followers` follows everybody of `targets`, accepted. */
export async function insertFollows(
  ctx: Ctx,
  followers: readonly number[],
  targets: readonly number[],
  { followersAreLocal }: { followersAreLocal: boolean },
): Promise<void> {
  for (const targetId of targets) {
    for (let start = 0; start < followers.length; start += 500) {
      await inTransaction(ctx, async (tx) => {
        for (const followerId of followers.slice(start, start + 500)) {
          const id = tx.ids.next();
          const uri = `${ctx.config.origin}/activities/${id}`;
          await insertFollow(tx.db, {
            id,
            followerId,
            targetId,
            uri,
            accepted: true,
            createdAt: tx.now(),
            followerIsLocal: followersAreLocal,
          });
        }
        await addToCounters(tx.db, targetId, { followers: Math.min(500, followers.length - start), version: tx.now() });
      });
    }
  }
}
