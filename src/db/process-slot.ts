import { randomUUID } from 'node:crypto';
import { type Database, DatabaseUnavailable, type Db } from '#db/database.ts';
import { SLOTS } from '#lib/id.ts';
import { loggerOf } from '#lib/log.ts';

/** How long a slot belongs to a process that does not renew it (milliseconds). */
export const LEASE = 20_000;

/** What the process does, shown to the operator: only a `worker` runs jobs. */
export type ProcessKind = 'worker' | 'web' | 'command';

export interface ProcessSlot {
  /** @throws DatabaseUnavailable while the lease is over and could not be renewed: no ids are made that another process may make too. */
  readonly number: number;
  release(): Promise<void>;
}

/**
 * Leases one of the places that keep the ids of concurrent processes apart, and renews it until released. A database that is unavailable
 * for a while (full disk, restart) is waited for. `onLost` hears that another process has the slot: then this one must end.
 * @throws DatabaseUnavailable when all are taken: more processes run on this database than ids can tell apart.
 */
export async function leaseProcessSlot(
  database: Database,
  { kind, now }: { kind: ProcessKind; now: () => number },
  onLost: (error: unknown) => void,
): Promise<ProcessSlot> {
  const owner = randomUUID();
  let leasedUntil = 0;
  const take = async (db: Db, slot: number, until: number) =>
    (await db.run(
      'INSERT INTO process_slot (slot, owner, kind, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      [slot, owner, kind, until],
    )) > 0;

  const number = await database.transaction(async (db) => {
    const until = now() + LEASE;
    await db.run('DELETE FROM process_slot WHERE expires_at < ?', [now()]);
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!(await take(db, slot, until))) continue;
      leasedUntil = until;
      return slot;
    }
    throw new DatabaseUnavailable(
      `${SLOTS} processes use this database already: stop one (one that crashed is forgotten after ${LEASE / 1_000} seconds)`,
    );
  });

  async function renew(): Promise<void> {
    const until = now() + LEASE;
    const kept = await database.transaction(async (db) => {
      const renewed = await db.run('UPDATE process_slot SET expires_at = ? WHERE slot = ? AND owner = ?', [
        until,
        number,
        owner,
      ]);
      // After a long sleep of the machine the lease has run out: it is still ours if nobody else wanted it.
      return renewed > 0 || (await take(db, number, until));
    });
    if (kept) leasedUntil = until;
    else onLost(new Error(`Process slot ${number} was taken by another process`));
  }
  let renewal: Promise<void> | undefined;
  let isFailing = false;
  function noteFailure(error: unknown): void {
    // Once: while the database is locked or its disk full, every one fails.
    if (!isFailing)
      loggerOf('database').warning('Process slot {number} could not be renewed: {message}', {
        number,
        message: String(error),
      });
    isFailing = true;
  }
  const timer = setInterval(() => {
    renewal = renew().then(() => void (isFailing = false), noteFailure);
  }, LEASE / 4);
  timer.unref();

  return {
    get number() {
      if (now() > leasedUntil)
        throw new DatabaseUnavailable('The lease of the process slot is over: waiting for the database to renew it');
      return number;
    },
    async release() {
      clearInterval(timer);
      // Coming after the release, it would take the slot anew.
      await renewal;
      await database.transaction((db) =>
        db.run('DELETE FROM process_slot WHERE slot = ? AND owner = ?', [number, owner]),
      );
    },
  };
}

/** How many processes of `kind` use the database. One that crashed counts until its lease ends. */
export async function countProcesses(db: Db, kind: ProcessKind, now: number): Promise<number> {
  const row = await db.get<{ n: number }>('SELECT count(*) AS n FROM process_slot WHERE kind = ? AND expires_at >= ?', [
    kind,
    now,
  ]);
  return row?.n ?? 0;
}
