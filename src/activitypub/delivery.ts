import { randomUUID } from 'node:crypto';
import { capacityOf, createLanes, type Lane } from '#activitypub/delivery-lanes.ts';
import { createDispatch } from '#activitypub/delivery-dispatch.ts';
import {
  claimDue,
  claimOfHost,
  type Delivery,
  finishDeliveries,
  hasDue,
  type HostHealth,
  LEASE,
  listHosts,
  parkHost,
  release,
  renewLeases,
  retryDelivery,
  saveFailure,
  saveRecovery,
  saveSignatureSpec,
  unparkHost,
} from '#activitypub/delivery-store.ts';
import { probePause, type Verdict } from '#activitypub/delivery-verdict.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { createLoop } from '#lib/loop.ts';

/** Deliveries held in memory. */
const CAPACITY = 256;
/** How long the deliveries that a host cannot take yet are held back at most (milliseconds). */
const PARKED = 60_000;
/** Outcomes are written together: after this many, or so many milliseconds. */
const GROUP_SIZE = 64;
const GROUP_TIME = 20;

/** Brings activities to inboxes: the only part of the server that sends any. */
export interface Sender {
  start(): void;
  /** Looks for work now: called after a commit that added some. */
  wake(): void;
  /** Claims no more, waits up to `patience` milliseconds for what is under way, and gives the rest back. */
  stop(patience: number): Promise<void>;
  /** Delivers what is due until nothing is, for tests. Returns whether there was anything. */
  drain(): Promise<boolean>;
}

interface Outcome {
  delivery: Delivery;
  verdict: Verdict;
}

export function createSender(ctx: Ctx): Sender {
  const leasedBy = randomUUID();
  const dispatch = createDispatch(ctx);
  const lanes = createLanes(deliver, () => idle?.());
  const loop = createLoop(round, ctx.log);
  let outcomes: Outcome[] = [];
  let writing: Promise<void> = Promise.resolve();
  let flushTimer: NodeJS.Timeout | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let idle: (() => void) | undefined;

  /** Claims what is due and there is room for. Returns whether there was any. */
  async function round(): Promise<boolean> {
    // Half empty, so that claims come in groups; full enough that nothing stops meanwhile.
    if (lanes.size > CAPACITY / 2) return false;
    const thirsty = lanes.thirsty();
    if (thirsty.length === 0 && !(await hasDue(ctx.db, ctx.now()))) return false;
    const { taken, health, emptied } = await inTransaction(ctx, async (tx) => {
      const claim = { leasedBy, now: tx.now() };
      const claimed: Delivery[] = [];
      const last: Lane[] = [];
      for (const lane of thirsty) {
        const limit = capacityOf(lane.health);
        const more = await claimOfHost(tx.db, { ...claim, host: lane.host, until: claim.now + PARKED, limit });
        claimed.push(...more);
        if (more.length < limit) last.push(lane);
      }
      claimed.push(...(await claimDue(tx.db, { ...claim, limit: CAPACITY })));
      const hosts = [...new Set(claimed.map((delivery) => delivery.host))];
      const known = new Map((await listHosts(tx.db, hosts)).map((host) => [host.host, host]));
      return { taken: claimed, health: known, emptied: last };
    });
    // Not before the commit: a lease that is rolled back is no lease.
    for (const lane of emptied) lanes.drained(lane);
    await dispatch.load(taken.map((delivery) => delivery.bodyId));
    const tooMany = taken.filter((delivery) => !admit(delivery, health.get(delivery.host)));
    lanes.pump();
    if (tooMany.length > 0) await giveBack(tooMany, health);
    return taken.length > 0;
  }

  /** Puts a claimed delivery in its lane. False where the host has enough to do, or is left alone. */
  function admit(delivery: Delivery, found: HostHealth | undefined): boolean {
    const health = lanes.get(delivery.host)?.health ?? found ?? newHealth(delivery.host);
    if (health.retryAt !== null && health.retryAt > ctx.now()) return false;
    if (lanes.add(delivery, health)) return true;
    lanes.get(delivery.host)!.overflows = true;
    return false;
  }

  async function giveBack(deliveries: readonly Delivery[], health: ReadonlyMap<string, HostHealth>): Promise<void> {
    await inTransaction(ctx, async (tx) => {
      for (const [host, ofHost] of Map.groupBy(deliveries, (delivery) => delivery.host)) {
        const retryAt = (lanes.get(host)?.health ?? health.get(host))?.retryAt ?? 0;
        const until = retryAt > tx.now() ? retryAt : tx.now() + PARKED;
        await release(tx.db, idsOf(ofHost), { leasedBy, due: until });
        await parkHost(tx.db, host, until);
      }
    });
  }

  async function deliver(delivery: Delivery, lane: Lane): Promise<void> {
    try {
      const { verdict, spokeRfc9421 } = await dispatch.send(delivery, lane.health);
      note(lane, verdict);
      if (spokeRfc9421 !== undefined) {
        lane.health.speaksRfc9421 = Number(spokeRfc9421);
        write((tx) => saveSignatureSpec(tx.db, lane.host, spokeRfc9421));
      }
      settle({
        delivery,
        verdict: verdict.kind === 'retry' ? { ...verdict, after: Math.max(verdict.after, pauseOf(lane)) } : verdict,
      });
    } catch (error) {
      // A mistake of ours, such as a key that cannot be read: nobody else's delivery should suffer.
      ctx.log.error('Delivery {id} failed: {message}', { id: delivery.id, message: String(error) });
      settle({
        delivery,
        verdict: { kind: 'retry', after: 600_000, detail: String(error), hostFailed: false, hostPause: undefined },
      });
    }
  }

  function pauseOf(lane: Lane): number {
    return (lane.health.retryAt ?? 0) - ctx.now();
  }

  /** Draws conclusions about the host: the circuit breaker. */
  function note(lane: Lane, verdict: Verdict): void {
    const { health, host } = lane;
    const now = ctx.now();
    if (verdict.kind === 'retry' && (verdict.hostFailed || verdict.hostPause !== undefined)) {
      if (verdict.hostFailed) {
        health.failures += 1;
        health.failingSince ??= now;
      }
      const pause = Math.max(probePause(health.failures) ?? 0, verdict.hostPause ?? 0);
      health.retryAt = pause > 0 ? now + pause : null;
      const waiting = pause > 0 ? lanes.empty(host) : [];
      const until = now + pause;
      write(async (tx) => {
        await saveFailure(tx.db, { ...health });
        if (pause === 0) return;
        await release(tx.db, idsOf(waiting), { leasedBy, due: until });
        await parkHost(tx.db, host, until);
      });
      if (pause > 0) lanes.drained(lane);
    } else if (health.failures > 0 || health.retryAt !== null) {
      Object.assign(health, { failures: 0, failingSince: null, retryAt: null });
      write(async (tx) => {
        await saveRecovery(tx.db, host, now);
        await unparkHost(tx.db, host, now);
        tx.db.afterCommit(() => loop.wake());
      });
    }
  }

  function settle(outcome: Outcome): void {
    outcomes.push(outcome);
    if (outcomes.length >= GROUP_SIZE) flush();
    else flushTimer ??= setTimeout(flush, GROUP_TIME);
  }

  /** Writes what became of deliveries, and makes room for others. */
  function flush(): void {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    const group = outcomes;
    outcomes = [];
    if (group.length > 0) {
      write(async (tx) => {
        const done = group.filter(({ verdict }) => verdict.kind !== 'retry');
        if (done.length > 0)
          await finishDeliveries(
            tx.db,
            done.map(({ delivery }) => delivery),
          );
        for (const { delivery, verdict } of group) {
          if (verdict.kind !== 'retry') continue;
          await retryDelivery(tx.db, delivery, { leasedBy, due: tx.now() + verdict.after, error: verdict.detail });
        }
      });
      for (const { delivery, verdict } of group) {
        if (verdict.kind === 'dropped')
          ctx.log.info('Delivery to {host} was dropped: {detail}', { host: delivery.host, detail: verdict.detail });
      }
    }
    loop.wake();
  }

  /**
   * Writes one after another: a host's health of before must not overwrite that of now, as it could on PostgreSQL, where transactions
   * overtake each other. What cannot be written is delivered again once the lease has run out.
   */
  function write(work: (tx: Ctx) => Promise<void>): void {
    writing = writing
      .then(() => inTransaction(ctx, work))
      .catch((error: unknown) => {
        ctx.log.error('Outcomes of deliveries could not be written: {message}', { message: String(error) });
      });
  }

  /** Resolves once nothing is held and everything is written. */
  async function settled(): Promise<void> {
    while (lanes.size > 0) await new Promise<void>((resolve) => (idle = resolve));
    idle = undefined;
    flush();
    await writing;
  }

  return {
    start() {
      loop.start();
      renewal ??= setInterval(() => {
        const ids = idsOf(lanes.held());
        if (ids.length > 0) write((tx) => renewLeases(tx.db, ids, { leasedBy, now: tx.now() }));
      }, LEASE / 3);
    },
    wake: () => loop.wake(),
    async stop(patience) {
      await loop.stop();
      for (const { host } of lanes.held()) await put(lanes.empty(host));
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([settled(), new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
      clearInterval(renewal);
      await put(lanes.held());
      flush();
      await writing;
    },
    async drain() {
      let worked = false;
      for (;;) {
        const claimed = await round();
        worked ||= claimed;
        await settled();
        if (!claimed) return worked;
      }
    },
  };

  /** Gives deliveries back as if they had never been claimed. */
  async function put(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    await inTransaction(ctx, (tx) => release(tx.db, idsOf(deliveries), { leasedBy, due: tx.now() }));
  }
}

function idsOf(deliveries: readonly Delivery[]): number[] {
  return deliveries.map((delivery) => delivery.id);
}

function newHealth(host: string): HostHealth {
  return { host, failures: 0, failingSince: null, retryAt: null, speaksRfc9421: 0 };
}
