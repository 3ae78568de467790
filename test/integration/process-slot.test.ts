import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Database, DatabaseUnavailable } from '#db/database.ts';
import { migrate } from '#db/migrate.ts';
import { countProcesses, LEASE, leaseProcessSlot, type ProcessSlot } from '#db/process-slot.ts';
import { SLOTS } from '#lib/id.ts';
import { createDatabaseHome, type DatabaseHome, onEachDialect } from '../support/databases.ts';
import { createFakeClock, type FakeClock } from '../support/test-app.ts';

onEachDialect('Process slots', (dialect) => {
  let home: DatabaseHome;
  let database: Database;
  let clock: FakeClock;
  let slots: ProcessSlot[];
  const lost = vi.fn<(error: unknown) => void>();

  beforeEach(async () => {
    home = await createDatabaseHome(dialect);
    database = await home.open();
    await migrate(database);
    clock = createFakeClock();
    slots = [];
    lost.mockClear();
  });

  afterEach(async () => {
    vi.useRealTimers();
    for (const slot of slots) await slot.release();
    await home[Symbol.asyncDispose]();
  });

  async function lease(on = database): Promise<ProcessSlot> {
    const slot = await leaseProcessSlot(on, { kind: 'worker', now: clock.now }, lost);
    slots.push(slot);
    return slot;
  }

  test('are all different, sixteen of them, and then there is a clear no', async () => {
    const leased = await Promise.all(Array.from({ length: SLOTS }, () => lease()));
    expect(new Set(leased.map((slot) => slot.number)).size).toBe(SLOTS);
    const refused = await lease().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DatabaseUnavailable);
    expect((refused as Error).message).toBe(
      '16 processes use this database already: stop one (one that crashed is forgotten after 20 seconds)',
    );
    await leased[5]!.release();
    expect((await lease()).number).toBe(leased[5]!.number);
  });

  test('of crashed processes are given away once their lease is over, and not before', async () => {
    const crashed = await lease(await home.open());
    const { number } = crashed;
    clock.advance(LEASE);
    expect((await lease()).number).not.toBe(number);
    clock.advance(1);
    expect((await lease()).number).toBe(number);
    expect(() => crashed.number).toThrow('The lease of the process slot is over');
  });

  test('are counted by what their processes do', async () => {
    await lease();
    slots.push(await leaseProcessSlot(database, { kind: 'web', now: clock.now }, lost));
    expect(await countProcesses(database, 'worker', clock.now())).toBe(1);
    clock.advance(LEASE + 1);
    expect(await countProcesses(database, 'worker', clock.now())).toBe(0);
  });

  test('are renewed for as long as the process lives', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const mine = await lease();
    for (let i = 0; i < 10; i++) {
      clock.advance(LEASE / 4);
      vi.advanceTimersByTime(LEASE / 4);
      await expect
        .poll(() => database.get('SELECT expires_at FROM process_slot'))
        .toEqual({ expiresAt: clock.now() + LEASE });
      expect(mine.number).toBe(0);
    }
    expect(lost).not.toHaveBeenCalled();
  });

  test('outlive a sleep of the machine when nobody wanted them', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const mine = await lease();
    clock.advance(24 * 3_600_000);
    expect(() => mine.number).toThrow(DatabaseUnavailable);
    vi.advanceTimersByTime(LEASE / 4);
    await expect
      .poll(() => database.get('SELECT expires_at FROM process_slot'))
      .toEqual({ expiresAt: clock.now() + LEASE });
    await expect.poll(() => (() => mine.number)()).toBe(0);
  });

  test('stay free when they are released during a renewal', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const gate = Promise.withResolvers<void>();
    let isSlow = false;
    const slow: Database = {
      ...database,
      async transaction(fn, options) {
        if (isSlow) await gate.promise;
        return database.transaction(fn, options);
      },
    };
    const mine = await leaseProcessSlot(slow, { kind: 'worker', now: clock.now }, lost);
    isSlow = true;
    vi.advanceTimersByTime(LEASE / 4);
    isSlow = false;
    const released = mine.release();
    await sleep(50);
    gate.resolve();
    await released;
    await sleep(50);
    expect(await database.all('SELECT slot FROM process_slot')).toEqual([]);
  });

  test('that somebody else has taken meanwhile end the process', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const mine = await lease();
    clock.advance(LEASE + 1);
    expect((await lease()).number).toBe(0);
    vi.advanceTimersByTime(LEASE / 4);
    await expect.poll(() => lost.mock.calls.length).toBe(1);
    expect(String(lost.mock.calls[0]![0])).toContain('was taken by another process');
    expect(() => mine.number).toThrow();
  });

  test('make no ids, and end nothing, while the database is unavailable', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    let fails = true;
    const flaky: Database = {
      ...database,
      transaction: (fn, options) =>
        fails ? Promise.reject(new DatabaseUnavailable('The disk is full')) : database.transaction(fn, options),
    };
    fails = false;
    const mine = await lease(flaky);
    fails = true;
    clock.advance(LEASE + 1);
    vi.advanceTimersByTime(LEASE / 4);
    expect(() => mine.number).toThrow(DatabaseUnavailable);
    fails = false;
    vi.advanceTimersByTime(LEASE / 4);
    await expect
      .poll(() => database.get('SELECT expires_at FROM process_slot'))
      .toEqual({ expiresAt: clock.now() + LEASE });
    expect(lost).not.toHaveBeenCalled();
  });
});
