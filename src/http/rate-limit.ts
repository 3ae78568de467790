import { isIPv6 } from 'node:net';
import { RateLimited } from '#domain/errors.ts';
import { createLru } from '#lib/lru.ts';

export interface RateLimitOptions {
  /** How often in `windowMs`. */
  limit: number;
  windowMs: number;
  now: () => number;
  isOn: boolean;
}

export interface RateLimit {
  /** Counts one more. @throws RateLimited when that is too many. */
  take(key: string): void;
  /** Forgets what was counted: it was not an attack after all. */
  forgive(key: string): void;
}

/** Keys remembered: an attacker with more addresses than that is not stopped by counting. */
const REMEMBERED = 50_000;

/** Counts in this process, per key, in windows that begin with the first try. */
export function createRateLimit({ limit, windowMs, now, isOn }: RateLimitOptions): RateLimit {
  const windows = createLru<string, { count: number; endsAt: number }>({ maxEntries: REMEMBERED });
  return {
    take(key) {
      if (!isOn) return;
      const open = windows.get(key);
      const window = open && open.endsAt > now() ? open : { count: 0, endsAt: now() + windowMs };
      if (window.count >= limit) throw new RateLimited(window.endsAt);
      window.count += 1;
      if (window !== open) windows.set(key, window);
    },
    forgive: (key) => void windows.delete(key),
  };
}

/** What counts as one place: a single IPv4 address, or the /64 of IPv6 that one subscriber has at least. */
export function placeOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  return [...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
