import { createLru } from '#lib/lru.ts';

export interface TokenBuckets {
  /** Takes a token from the bucket of `key`. False when it is empty: too much, too fast. */
  take(key: string): boolean;
}

export interface TokenBucketOptions {
  /** Tokens of a full bucket: what may come at once. */
  burst: number;
  /** Tokens that come back, a second. */
  perSecond: number;
  now: () => number;
  /** Buckets remembered; one that is forgotten is full again. 10,000 unless given. */
  maxKeys?: number;
}

/** Limits how often something may happen, per key. In memory: each process counts for itself. */
export function createTokenBuckets({ burst, perSecond, now, maxKeys = 10_000 }: TokenBucketOptions): TokenBuckets {
  const buckets = createLru<string, { tokens: number; at: number }>({ maxEntries: maxKeys });
  return {
    take(key) {
      const time = now();
      const bucket = buckets.get(key) ?? { tokens: burst, at: time };
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, time - bucket.at) / 1_000) * perSecond);
      bucket.at = time;
      buckets.set(key, bucket);
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
}
