import { createLru } from '#lib/lru.ts';

export interface TokenBuckets {
  /** Takes tokens, one unless given, from the bucket of `key`. False, and none taken, when it has too few: too much, too fast. */
  take(key: string, tokens?: number): boolean;
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
    take(key, tokens = 1) {
      const time = now();
      const bucket = buckets.get(key) ?? { tokens: burst, at: time };
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, time - bucket.at) / 1_000) * perSecond);
      bucket.at = time;
      buckets.set(key, bucket);
      if (bucket.tokens < tokens) return false;
      bucket.tokens -= tokens;
      return true;
    },
  };
}
