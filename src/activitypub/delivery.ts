import { randomUUID } from 'node:crypto';
import { createDispatch } from '#activitypub/delivery-dispatch.ts';
import { capacityOf, createLanes, type Held, type Lane } from '#activitypub/delivery-lanes.ts';
import { createOutcomes } from '#activitypub/delivery-outcomes.ts';
import {
  claimDue,
  claimOfHost,
  type Delivery,
  hasDue,
  LEASE,
  park,
  release,
  renewLeases,
  unpark,
} from '#activitypub/delivery-store.ts';
import { healthAfter, pauseOf, type Verdict } from '#activitypub/delivery-verdict.ts';
import {
  type HostHealth,
  listHealth,
  newHealth,
  saveHealth,
  saveSignatureSpec,
} from '#activitypub/host-health-store.ts';
import { createMissingInboxes } from '#activitypub/missing-inboxes.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { createLoop } from '#lib/loop.ts';

/** Deliveries held in memory. */
const CAPACITY = 256;
/** How long the deliveries that a host cannot take yet are held back at most (milliseconds). */
const PARKED = 60_000;
/** How long a delivery waits after a mistake of ours (milliseconds). */
const AFTER_MISTAKE = 600_000;

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

type HealthByHost = ReadonlyMap<string, HostHealth>;

export function createSender(ctx: Ctx): Sender {
  const leasedBy = randomUUID();
  const dispatch = createDispatch(ctx);
  const missing = createMissingInboxes(ctx.now);
  const lanes = createLanes(deliver, () => idle?.());
  const loop = createLoop(round, ctx.log);
  const outcomes = createOutcomes(ctx, leasedBy, () => loop.wake());
  let renewal: NodeJS.Timeout | undefined;
  let idle: (() => void) | undefined;

  /** Claims what is due and there is room for. Returns whether there was any. */
  async function round(): Promise<boolean> {
    // Half empty, so that claims come in groups; full enough that nothing stops meanwhile.
    if (lanes.size > CAPACITY / 2) return false;
    const thirsty = lanes.thirsty(ctx.now());
    if (thirsty.length === 0 && !(await hasDue(ctx.db, ctx.now()))) return false;
    const { taken, health, emptied } = await inTransaction(ctx, (tx) => claim(tx, thirsty));
    // Not before the commit: a lease that is rolled back is no lease.
    for (const lane of emptied) lanes.drained(lane);
    const topics = await dispatch.load(taken.map((delivery) => delivery.bodyId));
    const held = taken.map((delivery): Held => ({ ...delivery, about: topics.get(delivery.bodyId) }));
    const refused = held.filter((delivery) => !admit(delivery, health.get(delivery.host)));
    lanes.pump();
    if (refused.length > 0) await holdBack(refused, health);
    return taken.length > 0;
  }

  /** Leases deliveries for the lanes that can take more, then whatever is due. Nothing more is held back for those in `emptied`. */
  async function claim(tx: Ctx, thirsty: readonly Lane[]) {
    const now = tx.now();
    const taken: Delivery[] = [];
    const emptied: Lane[] = [];
    for (const lane of thirsty) {
      const { host, health } = lane;
      const limit = capacityOf(health);
      const exceptInbox = (health.retryAt ?? 0) > now ? health.failingInbox : undefined;
      const more = await claimOfHost(tx.db, { host, exceptInbox, until: now + PARKED, leasedBy, now, limit });
      taken.push(...more);
      if (more.length < limit) emptied.push(lane);
    }
    taken.push(...(await claimDue(tx.db, { leasedBy, now, limit: CAPACITY })));
    const hosts = [...new Set(taken.map((delivery) => delivery.host))];
    const health: HealthByHost = new Map((await listHealth(tx.db, hosts)).map((row) => [row.host, row]));
    return { taken, health, emptied };
  }

  /** Puts a claimed delivery in its lane. False where the host has enough to do, or is left alone. */
  function admit(delivery: Held, found: HostHealth | undefined): boolean {
    const health = lanes.get(delivery.host)?.health ?? found ?? newHealth(delivery.host);
    if (pauseOf(health, delivery.inbox, ctx.now()) > 0) return false;
    if (lanes.add(delivery, health)) return true;
    lanes.get(delivery.host)!.overflows = true;
    return false;
  }

  /** Gives back what cannot be sent now, and has whatever else waits for the same place wait as long: it must not be claimed in vain. */
  async function holdBack(deliveries: readonly Delivery[], health: HealthByHost): Promise<void> {
    await inTransaction(ctx, async (tx) => {
      for (const [host, ofHost] of Map.groupBy(deliveries, (delivery) => delivery.host)) {
        const known = lanes.get(host)?.health ?? health.get(host) ?? newHealth(host);
        const isPaused = (delivery: Delivery) => pauseOf(known, delivery.inbox, tx.now()) > 0;
        const { paused = [], full = [] } = Object.groupBy(ofHost, (one) => (isPaused(one) ? 'paused' : 'full'));
        if (full.length > 0) await putOff(tx, full, { host, inbox: undefined, until: tx.now() + PARKED });
        if (paused.length > 0) await putOff(tx, paused, { host, inbox: known.failingInbox, until: known.retryAt! });
      }
    });
  }

  /** Releases claimed deliveries and parks the others to the same host, or the same inbox of it. @param place until when (epoch ms) */
  async function putOff(
    tx: Ctx,
    deliveries: readonly Delivery[],
    place: { host: string; inbox: string | undefined; until: number },
  ): Promise<void> {
    await release(tx.db, idsOf(deliveries), { leasedBy, due: place.until });
    await park(tx.db, place, place.until);
  }

  async function deliver(delivery: Delivery, lane: Lane): Promise<void> {
    try {
      const { verdict: judged, spokeRfc9421, isInboxMissing } = await dispatch.send(delivery, lane.health);
      const verdict = isInboxMissing ? whileMissing(delivery, judged) : judged;
      judgeHost(lane, delivery.inbox, verdict);
      // What is put off would be claimed again at once, as it is due within the time that a lane looks ahead, and put off again.
      if (verdict.kind === 'postponed') lane.restsUntil = ctx.now() + verdict.after;
      if (spokeRfc9421 !== undefined) {
        lane.health = { ...lane.health, speaksRfc9421: spokeRfc9421 };
        outcomes.write((tx) => saveSignatureSpec(tx.db, { host: lane.host, speaksRfc9421: spokeRfc9421 }));
      }
      const pause = pauseOf(lane.health, delivery.inbox, ctx.now());
      const isRetried = verdict.kind === 'retry';
      outcomes.settle(delivery, isRetried ? { ...verdict, after: Math.max(verdict.after, pause) } : verdict);
    } catch (error) {
      // A mistake of ours, such as a key that cannot be read: nobody else's delivery should suffer.
      ctx.log.error('Delivery {id} failed: {message}', { id: delivery.id, message: String(error) });
      const detail = String(error);
      const after = AFTER_MISTAKE;
      outcomes.settle(delivery, { kind: 'retry', after, detail, hostFailed: false, hostPause: undefined });
    }
  }

  /** An inbox that is not there may be elsewhere: its actor is asked. What would be given up at once waits for the answer. */
  function whileMissing({ accountId, inbox, host }: Delivery, verdict: Verdict): Verdict {
    const asking = missing.note(host, inbox);
    if (asking.isNew) {
      const event = { type: 'inbox.missing' as const, accountId, inbox };
      outcomes.write((tx) => tx.emit(event, { key: inbox }));
    }
    if (verdict.kind !== 'dropped' || asking.wait === 0) return verdict;
    return { kind: 'retry', after: asking.wait, detail: verdict.detail, hostFailed: false, hostPause: undefined };
  }

  /** The circuit breaker: draws conclusions about the host, and acts on them. */
  function judgeHost(lane: Lane, inbox: string, verdict: Verdict): void {
    const { host, health: before } = lane;
    const now = ctx.now();
    const health = healthAfter(before, { inbox, verdict, now });
    if (health === before) return;
    lane.health = health;
    const { retryAt, failures } = health;
    if (retryAt !== undefined) {
      const place = { host, inbox: health.failingInbox, until: retryAt };
      const waiting = lanes.take(place);
      outcomes.write(async (tx) => {
        await saveHealth(tx.db, health);
        await putOff(tx, waiting, place);
      });
      if (place.inbox === undefined) lanes.drained(lane);
    } else if (failures > 0) {
      outcomes.write((tx) => saveHealth(tx.db, health));
    } else {
      outcomes.write(async (tx) => {
        await saveHealth(tx.db, health);
        await unpark(tx.db, { host, inbox: before.failingInbox }, now);
        tx.db.afterCommit(() => loop.wake());
      });
    }
  }

  /** Resolves once nothing is held and everything is written. */
  async function settled(): Promise<void> {
    while (lanes.size > 0) await new Promise<void>((resolve) => (idle = resolve));
    idle = undefined;
    await outcomes.finish();
  }

  /** Gives deliveries back as if they had never been claimed. */
  async function giveBack(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    await inTransaction(ctx, (tx) => release(tx.db, idsOf(deliveries), { leasedBy, due: tx.now() }));
  }

  return {
    start() {
      loop.start();
      renewal ??= setInterval(() => {
        const ids = idsOf(lanes.held());
        if (ids.length > 0) outcomes.write((tx) => renewLeases(tx.db, ids, { leasedBy, now: tx.now() }));
      }, LEASE / 3);
    },
    wake: () => loop.wake(),
    async stop(patience) {
      await loop.stop();
      for (const { host } of lanes.held()) await giveBack(lanes.take({ host, inbox: undefined }));
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([settled(), new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
      clearInterval(renewal);
      await giveBack(lanes.held());
      await outcomes.finish();
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
}

function idsOf(deliveries: readonly Delivery[]): number[] {
  return deliveries.map((delivery) => delivery.id);
}
