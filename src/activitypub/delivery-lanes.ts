import type { Delivery, Place } from '#activitypub/delivery-store.ts';
import type { HostHealth } from '#activitypub/host-health-store.ts';

/** How many deliveries of one host are held in memory, and how many of those are under way. */
const LANE_CAPACITY = 16;
const PER_HOST = 2;
/** Requests that may be under way, not counting slow ones; and all of them. What waits for an answer costs a socket and no CPU. */
const FAST_SLOTS = 64;
const ALL_SLOTS = 512;
/** A request under way for longer gives its place to others (milliseconds). */
const SLOW_AFTER = 1_000;

/** A delivery in memory. */
export interface Held extends Delivery {
  /** What it is about: where two are about the same thing, an inbox gets the second one when the first one is over. */
  readonly about: string | undefined;
}

/** The deliveries held for one host, and how it has been answering. */
export interface Lane {
  readonly host: string;
  health: HostHealth;
  waiting: Held[];
  /** Under way. */
  readonly active: Set<Held>;
  /** More of its deliveries wait in the database, held back there. */
  overflows: boolean;
  /** No more of what is held back is taken in before (epoch ms): it could not be sent. */
  restsUntil: number;
}

export interface Lanes {
  get(host: string): Lane | undefined;
  /** Takes in a delivery that was claimed. False when its lane is full. */
  add(delivery: Held, health: HostHealth): boolean;
  /** Takes what waits for a host, or for one inbox of it, out again. */
  take(place: Place): Held[];
  /** Nothing of a host is held back in the database any more. */
  drained(lane: Lane): void;
  /** Starts what may be started. */
  pump(): void;
  /** Deliveries held, under way or not. */
  readonly size: number;
  held(): Held[];
  /** Lanes that could take more than they hold, of what was held back. */
  thirsty(now: number): Lane[];
}

/** A host that fails is asked one thing at a time: the first answer decides for the rest. */
export function capacityOf({ failures }: HostHealth): number {
  return failures > 0 ? 1 : LANE_CAPACITY;
}

/**
 * Which delivery is next: hosts take turns, few at a time each, so that none waits for another. `run` makes one delivery and never rejects;
 * `onIdle` is called whenever nothing is held any more.
 */
export function createLanes(run: (delivery: Held, lane: Lane) => Promise<void>, onIdle: () => void): Lanes {
  const lanes = new Map<string, Lane>();
  const underway = new Set<Held>();
  /** Lanes with something to start, in turn. */
  const turns = new Set<Lane>();
  let fast = 0;
  let waiting = 0;

  const limitOf = (lane: Lane) => Math.min(PER_HOST, capacityOf(lane.health));

  /** Index of the delivery that may start, -1 if none may. */
  function nextOf(lane: Lane): number {
    if (lane.active.size >= limitOf(lane)) return -1;
    return lane.waiting.findIndex((delivery) => !isOvertaking(delivery, lane.active));
  }

  function offerTurn(lane: Lane): void {
    if (nextOf(lane) >= 0) turns.add(lane);
  }

  function removeIfIdle(lane: Lane): void {
    if (lane.active.size === 0 && lane.waiting.length === 0 && !lane.overflows) lanes.delete(lane.host);
  }

  function pump(): void {
    while (fast < FAST_SLOTS && underway.size < ALL_SLOTS) {
      const [lane] = turns;
      if (!lane) return;
      turns.delete(lane);
      const index = nextOf(lane);
      if (index >= 0) start(lane, lane.waiting.splice(index, 1)[0]!);
      offerTurn(lane);
    }
  }

  function start(lane: Lane, delivery: Held): void {
    waiting -= 1;
    lane.active.add(delivery);
    fast += 1;
    underway.add(delivery);
    let isFast = true;
    const giveUpPlace = () => {
      if (!isFast) return;
      isFast = false;
      fast -= 1;
      pump();
    };
    const timer = setTimeout(giveUpPlace, SLOW_AFTER);
    void run(delivery, lane).finally(() => {
      clearTimeout(timer);
      underway.delete(delivery);
      lane.active.delete(delivery);
      removeIfIdle(lane);
      offerTurn(lane);
      if (isFast) giveUpPlace();
      else pump();
      if (waiting + underway.size === 0) onIdle();
    });
  }

  return {
    get: (host) => lanes.get(host),
    add(delivery, health) {
      let lane = lanes.get(delivery.host);
      if (!lane)
        lanes.set(
          delivery.host,
          (lane = { host: delivery.host, health, waiting: [], active: new Set(), overflows: false, restsUntil: 0 }),
        );
      if (lane.waiting.length + lane.active.size >= capacityOf(health)) return false;
      lane.waiting.push(delivery);
      waiting += 1;
      offerTurn(lane);
      return true;
    },
    take({ host, inbox }) {
      const lane = lanes.get(host);
      if (!lane) return [];
      const { taken = [], left = [] } = Object.groupBy(lane.waiting, (delivery) =>
        inbox === undefined || delivery.inbox === inbox ? 'taken' : 'left',
      );
      lane.waiting = left;
      waiting -= taken.length;
      return taken;
    },
    drained(lane) {
      lane.overflows = false;
      removeIfIdle(lane);
    },
    pump,
    get size() {
      return waiting + underway.size;
    },
    held: () => [...underway, ...[...lanes.values()].flatMap((lane) => lane.waiting)],
    thirsty: (now) =>
      [...lanes.values()].filter(
        (lane) =>
          lane.overflows && lane.restsUntil <= now && lane.waiting.length === 0 && lane.active.size < limitOf(lane),
      ),
  };
}

/** Whether something else about the same thing is on its way to the same inbox. */
function isOvertaking({ inbox, about }: Held, active: Iterable<Held>): boolean {
  if (about === undefined) return false;
  for (const other of active) if (other.inbox === inbox && other.about === about) return true;
  return false;
}
