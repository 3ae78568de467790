import type { Config } from '#config.ts';
import type { Database, Db } from '#db/database.ts';
import type { DomainEvent, EmitOptions } from '#domain/events.ts';
import type { HostList } from '#lib/host-list.ts';
import type { IdSource } from '#lib/id.ts';
import type { Logger } from '#lib/log.ts';
import type { Lookup, Remote } from '#lib/ports.ts';

/** Everything a use-case works with, built once by `openCore` and passed as first argument. */
export interface Ctx {
  readonly config: Config;
  /** Reads what is committed; inside `inTransaction`, the transaction. */
  readonly db: Db;
  /** Epoch milliseconds. The only clock. */
  now(): number;
  readonly ids: IdSource;
  /** Tells the subscribers, after and if the transaction commits. */
  emit(event: DomainEvent, options?: EmitOptions): Promise<void>;
  /** The network, or its fake: documents of other servers. */
  readonly remote: Remote;
  /** Finds accounts and posts of other servers, and brings them here. */
  readonly lookup: Lookup;
  /** Domains this server has nothing to do with. */
  readonly blockedHosts: HostList;
  readonly log: Logger;
  readonly machinery: Machinery;
}

/** What lies below the use-cases: for `inTransaction`, for jobs and for the sender. Use-cases leave it alone. */
export interface Machinery {
  readonly database: Database;
  enqueue(db: Db, event: DomainEvent, options?: EmitOptions): Promise<void>;
  /** Called after a commit that left something to send to other servers. */
  wakeSender(): void;
}

/**
 * Runs `fn` in a transaction: all of it happens or nothing does. Joins the transaction that `ctx` is already in. `fn` uses only the
 * context it is given, and awaits nothing but the database: no network, no rendering.
 */
export function inTransaction<T>(ctx: Ctx, fn: (ctx: Ctx) => Promise<T>): Promise<T> {
  if (ctx.db.inTransaction) return fn(ctx);
  return ctx.machinery.database.transaction((db) => fn(bindContext(ctx, db)));
}

/** `ctx` on another database handle. */
export function bindContext(ctx: Ctx, db: Db): Ctx {
  return {
    ...ctx,
    db,
    emit: (event, options) => ctx.machinery.enqueue(db, event, options),
  };
}
