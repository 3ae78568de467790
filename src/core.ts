import { join } from 'node:path';
import { type HostQueue, listHostQueues } from '#activitypub/delivery-status-store.ts';
import { createSender, type Sender } from '#activitypub/delivery.ts';
import { createLookup } from '#activitypub/remote/lookup.ts';
import { createGetSigner } from '#activitypub/remote/sign-get.ts';
import { type Config, ConfigError } from '#config.ts';
import type { Ctx } from '#context.ts';
import type { Database } from '#db/database.ts';
import { migrate } from '#db/migrate.ts';
import { openDatabase } from '#db/open.ts';
import { leaseProcessSlot, type ProcessKind } from '#db/process-slot.ts';
import { ensureInstanceActor, isEmptyPlace, replaceInstanceActor } from '#domain/accounts/instance-actor.ts';
import { conflictingOrigin } from '#domain/instance/first-origin.ts';
import { isSecretOf } from '#domain/instance/secret-check.ts';
import { listBlockedDomains } from '#domain/instance/domain-block-store.ts';
import { createQueueAdmin, type QueueAdmin } from '#jobs/admin.ts';
import { insertJob } from '#jobs/job-store.ts';
import { scheduleHandlers } from '#jobs/schedule.ts';
import { createWorker, type Worker } from '#jobs/worker.ts';
import { SECRET_FILE } from '#lib/data-folder.ts';
import { createHostList } from '#lib/host-list.ts';
import { createIdSource } from '#lib/id.ts';
import { loggerOf } from '#lib/log.ts';
import type { Remote } from '#lib/ports.ts';
import { createSafeFetch } from '#lib/safe-fetch.ts';
import { coalesceGets } from '#remote/coalescing.ts';
import { createKnownHosts } from '#remote/known-hosts.ts';
import { createNetworkRemote } from '#remote/network.ts';
import { paceGets } from '#remote/pacing.ts';
import { sparingSilentHosts } from '#remote/silent-hosts.ts';
import { schedule, subscriptions } from '#subscribers.ts';

/** Ports that tests replace. */
export interface Overrides {
  now?: () => number;
  remote?: Remote;
}

/** The server without the part that listens: what `app.ts` serves to the world, and the command line uses as it is. */
export interface Core {
  readonly ctx: Ctx;
  /** Not started. */
  readonly worker: Worker;
  /** Brings activities to other servers. Not started. */
  readonly sender: Sender;
  readonly queue: QueueAdmin;
  /** What waits for other servers, the longest lines first. */
  deliveries(limit: number): Promise<HostQueue[]>;
  /** Whether the database was made just now. */
  readonly isNew: boolean;
  /** Does all work that is due now. */
  drain(): Promise<void>;
  /** Gives everything back. Nothing may run any more: stop the worker and the sender first. */
  close(): Promise<void>;
}

/**
 * Opens and migrates the database and builds the context. Kept apart from `app.ts` so that a command starts in a fraction of the time:
 * nothing here may import an edge that answers requests (Koa, Fedify).
 */
export async function openCore(config: Config, kind: ProcessKind, overrides: Overrides = {}): Promise<Core> {
  const log = loggerOf('server');
  const now = overrides.now ?? Date.now;
  const database = await openDatabase(config);
  const applied = await migrate(database).catch(closing(database));
  // Leases are about real processes, so they go by real time also where a test's clock stands still or leaps.
  const slot = await leaseProcessSlot(database, { kind, now: Date.now }, (error) => {
    log.fatal('{message}', { message: String(error) });
    process.exit(1);
  }).catch(closing(database));

  const blockedHosts = createHostList(() => listBlockedDomains(database));
  await blockedHosts.refresh().catch(closing(database));
  const fetch = createSafeFetch({
    allowPrivateHosts: config.federationPrivateHosts,
    isHostRefused: blockedHosts.covers,
    userAgent: `Parvis (+${config.origin})`,
  });
  const ids = createIdSource(now, () => slot.number);
  const knownHosts = createKnownHosts();
  const network = overrides.remote ?? createNetworkRemote({ fetch, signGet: createGetSigner(() => ctx) });
  const ctx: Ctx = {
    config,
    db: database,
    now,
    ids,
    remote: coalesceGets(paceGets(sparingSilentHosts(network, knownHosts, now), knownHosts)),
    lookup: createLookup(() => ctx),
    blockedHosts,
    log,
    emit: () => Promise.reject(new Error('Events are emitted in a transaction')),
    machinery: { database, enqueue, wakeSender: () => sender.wake() },
  };
  const handlers = [...subscriptions.map(({ handler }) => handler), ...scheduleHandlers(schedule)];
  const worker = createWorker(ctx, new Map(handlers.map((handler) => [handler.name, handler])));

  const sender = createSender(ctx);

  let added = 0;
  async function enqueue(...[db, event, options = {}]: Parameters<Ctx['machinery']['enqueue']>): Promise<void> {
    const subscribers = subscriptions.filter((subscription) => subscription.event === event.type);
    for (const { handler } of subscribers) {
      const due = options.at ?? now();
      const { name, lane } = handler;
      await insertJob(db, {
        id: ids.next(),
        lane,
        handler: name,
        payload: JSON.stringify(event),
        due,
        key: options.key,
        createdAt: now(),
      });
    }
    if (subscribers.length === 0) return;
    db.afterCommit(() => {
      added += subscribers.length;
      worker.wake();
    });
  }

  async function drain(): Promise<void> {
    do await worker.drain();
    while (await sender.drain());
  }

  async function close(): Promise<void> {
    // Where the database fails, the slot's lease runs out by itself.
    await slot.release().catch((error: unknown) => log.warning('{message}', { message: String(error) }));
    await fetch.close();
    await database.close();
  }

  await settleIdentity(ctx).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    ctx,
    worker,
    sender,
    queue: createQueueAdmin(ctx, () => added),
    deliveries: (limit) => listHostQueues(database, limit),
    isNew: applied[0]?.startsWith('0001') ?? false,
    drain,
    close,
  };
}

/** Makes the server's own account, or compares the one that is there with what was configured. @throws ConfigError */
async function settleIdentity(ctx: Ctx): Promise<void> {
  const { config } = ctx;
  const found = await ensureInstanceActor(ctx);
  const first = conflictingOrigin(config, found);
  const isMoved = first !== undefined && (await isEmptyPlace(ctx, found));
  const instance = isMoved ? await replaceInstanceActor(ctx, found) : found;
  if (first !== undefined && !isMoved) {
    throw new ConfigError(
      `This database belongs to ${first}, not to ${config.origin}: set ORIGIN=${first}, or another DATA_DIR for a new place`,
    );
  }
  if (!(await isSecretOf(ctx.db, config.secret, instance))) {
    throw new ConfigError(
      `${join(config.dataDir, SECRET_FILE)} does not belong to this database, whose keys cannot be read with it: restore the one from a backup, or from the DATA_DIR that the database was used with before`,
    );
  }
}

function closing(database: Database): (error: unknown) => Promise<never> {
  return async (error) => {
    await database.close();
    throw error;
  };
}
