import { createLru } from '#lib/lru.ts';
import { createTokenBuckets } from '#lib/token-bucket.ts';

const DAY = 86_400_000;
/** Of one host so many actors are asked at once, and as many a day: one is enough where their inbox is shared. */
const OF_ONE_HOST = { burst: 10, perSecond: 10 / (DAY / 1_000) };
/** How long what would be given up waits for the answer (milliseconds). */
const WAIT = 5 * 60_000;

/** Inboxes that were not there, and whose actors were asked where they are: each once a day at most. In memory. */
export interface MissingInboxes {
  /** `isNew`: its actor is to be asked now. `wait`: milliseconds until the answer must be there, 0 where none is to be expected. */
  note(host: string, inbox: string): { isNew: boolean; wait: number };
}

export function createMissingInboxes(now: () => number): MissingInboxes {
  const askedAt = createLru<string, number>({ maxEntries: 10_000, ttlMs: DAY, now });
  const ofHosts = createTokenBuckets({ ...OF_ONE_HOST, now });
  return {
    note(host, inbox) {
      const asked = askedAt.get(inbox);
      if (asked !== undefined) return { isNew: false, wait: Math.max(0, asked + WAIT - now()) };
      if (!ofHosts.take(host)) return { isNew: false, wait: 0 };
      askedAt.set(inbox, now());
      return { isNew: true, wait: WAIT };
    },
  };
}
