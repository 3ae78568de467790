import { expect, test } from 'vitest';
import { createTokenBuckets } from '#lib/token-bucket.ts';

test('a bucket gives its tokens at once, then as many as come back', () => {
  let time = 1_000;
  const buckets = createTokenBuckets({ burst: 3, perSecond: 2, now: () => time });
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([true, true, true, false]);
  expect(buckets.take('b')).toBe(true);
  time += 500;
  expect([1, 2].map(() => buckets.take('a'))).toEqual([true, false]);
  time += 3_600_000;
  expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([true, true, true, false]);
});

test('a clock that steps back gives and takes nothing', () => {
  let time = 10_000;
  const buckets = createTokenBuckets({ burst: 1, perSecond: 1, now: () => time });
  expect(buckets.take('a')).toBe(true);
  time = 0;
  expect(buckets.take('a')).toBe(false);
  time = 1_000;
  expect(buckets.take('a')).toBe(true);
});
