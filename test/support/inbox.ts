import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import type { Account } from '#domain/accounts/account.ts';
import { follow } from '#domain/relationships/follow.ts';
import {
  buildRemoteActor,
  type Delivery,
  type RemoteActor,
  type RemoteActorOptions,
  send,
  signDelivery,
} from './remote-actor.ts';
import { createTestApp, type TestApp, type TestOptions } from './test-app.ts';

/** A server that listens, with remote actors that bring activities to it. */
export interface InboxWorld extends AsyncDisposable {
  app: TestApp;
  port: number;
  /** Signs and posts an activity, does all work that follows, and returns the status. */
  deliver(from: RemoteActor, activity: unknown, delivery?: Delivery): Promise<number>;
  actor(handle: string, options?: RemoteActorOptions): RemoteActor;
  /** The account of a remote actor, fetched if need be. */
  accountOf(actor: RemoteActor): Promise<Account>;
  /** `follower` follows `actor`, who accepts. */
  befriend(follower: Account, actor: RemoteActor): Promise<Account>;
  count(table: string): Promise<number>;
  /** Rows of all that an activity can leave, to see that one left nothing. */
  traces(): Promise<Record<string, number>>;
}

const TABLES = [
  'account',
  'account_key',
  'post',
  'follow',
  'favourite',
  'block',
  'notification',
  'home',
  'received',
  'tombstone',
  'job',
];

export async function createInboxWorld(options: TestOptions = {}): Promise<InboxWorld> {
  // Without workers: the tests decide when work is done.
  const app = await createTestApp({ ...options, config: { role: 'web', ...options.config } });
  const port = await app.listen();
  const count = async (table: string) => (await app.ctx.db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))!.n;

  const world: InboxWorld = {
    app,
    port,
    count,
    actor: (handle, actorOptions) => buildRemoteActor(app.remote, handle, actorOptions),
    async deliver(from, activity, delivery) {
      const { status } = await send(port, signDelivery(app, from, activity, delivery));
      await app.drain();
      return status;
    },
    async accountOf(actor) {
      await app.ctx.lookup.account(actor.uri);
      const account = await findAccountByHandle(app.ctx.db, actor.name, actor.host);
      if (!account) throw new Error(`${actor.uri} could not be fetched`);
      return account;
    },
    async befriend(follower, actor) {
      const account = await world.accountOf(actor);
      await follow(app.ctx, follower.id, account.id);
      await app.drain();
      const row = await app.ctx.db.get<{ uri: string }>(
        'SELECT uri FROM follow WHERE follower_id = ? AND target_id = ?',
        [follower.id, account.id],
      );
      await world.deliver(actor, actor.activity('Accept', row!.uri));
      return account;
    },
    async traces() {
      const counts: Record<string, number> = {};
      for (const table of TABLES) counts[table] = await count(table);
      return counts;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
  return world;
}
