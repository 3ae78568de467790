import { createLru } from '#lib/lru.ts';

/** Places of a lane that one crowd may take while its jobs are quick, as a share; and once they take long. */
const QUICK_SHARE = 3 / 4;
const SLOW_PLACES = 4;
/** Jobs that take this long at the average, or one that runs for so long, make a crowd slow (milliseconds). */
const SLOW_AFTER = 2_000;
/** How much the latest job counts in the average. */
const WEIGHT = 0.2;
/** How far apart jobs are put off, at least and at most (milliseconds). */
const SPACING = { least: 5, most: 2_500 };

export interface Crowds {
  /** Lets a job of this crowd run, until `leave`; otherwise says in how many milliseconds it is to come again. */
  enter(crowd: string): Admitted | number;
}

export interface Admitted {
  leave(): void;
}

interface Crowd {
  /** When each of those that run began, the oldest first. */
  readonly running: Set<{ since: number }>;
  /** How long a job takes (milliseconds). */
  average: number;
  /** When the last of those that were put off comes again. */
  lastDue: number;
}

/**
 * Sees to it that no crowd takes all places of a lane: its slow jobs least of all. What is too much is put off, each job to about when its turn
 * comes, however many there are; what belongs to others goes before. In memory: each process counts for itself.
 */
export function createCrowds(places: number, now: () => number = () => performance.now()): Crowds {
  const crowds = createLru<string, Crowd>({ maxEntries: 2_000 });

  return {
    enter(name) {
      const crowd = crowds.get(name) ?? { running: new Set(), average: 0, lastDue: 0 };
      crowds.set(name, crowd);
      const { running } = crowd;
      const since = now();
      const [oldest] = running;
      const duration = Math.max(crowd.average, oldest ? since - oldest.since : 0);
      const limit = duration > SLOW_AFTER ? SLOW_PLACES : Math.ceil(places * QUICK_SHARE);
      if (running.size >= limit) {
        const spacing = Math.min(Math.max(duration / limit, SPACING.least), SPACING.most);
        crowd.lastDue = Math.max(crowd.lastDue, since) + spacing;
        return crowd.lastDue - since;
      }
      const job = { since };
      running.add(job);
      return {
        leave() {
          running.delete(job);
          crowd.average += WEIGHT * (now() - since - crowd.average);
        },
      };
    },
  };
}
