import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coalesce } from '#lib/coalesce.ts';
import { createLru } from '#lib/lru.ts';

describe('coalesce', () => {
  test('N05: concurrent calls with one key share one run, later ones start anew', async () => {
    const runs: string[] = [];
    const gate = Promise.withResolvers<void>();
    const get = coalesce(async (key) => {
      runs.push(key);
      await gate.promise;
      return { key };
    });
    const calls = Array.from({ length: 16 }, () => get('a'));
    const other = get('b');
    gate.resolve();
    expect(new Set(await Promise.all(calls)).size).toBe(1);
    expect(await other).toEqual({ key: 'b' });
    expect(runs).toEqual(['a', 'b']);
    await get('a');
    expect(runs).toEqual(['a', 'b', 'a']);
  });

  test('an error is shared and not kept, even one thrown at once', async () => {
    let runs = 0;
    const get = coalesce<string>(() => {
      if (++runs === 1) throw new RangeError('first');
      return Promise.resolve('second');
    });
    const [a, b] = await Promise.allSettled([get('a'), get('a')]);
    expect([a?.status, b?.status]).toEqual(['rejected', 'rejected']);
    expect(await get('a')).toBe('second');
  });
});

describe('the LRU cache', () => {
  test('forgets the least recently used entry', () => {
    const cache = createLru<string, number>({ maxEntries: 2 });
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
    cache.set('a', 4);
    cache.set('d', 5);
    expect([cache.get('a'), cache.get('c'), cache.get('d')]).toEqual([4, undefined, 5]);
    expect(cache.delete('a')).toBe(true);
    expect(cache.delete('a')).toBe(false);
    expect(cache.size).toBe(1);
    cache.clear();
    expect([cache.size, cache.get('d')]).toEqual([0, undefined]);
  });

  test('keeps within the bytes it may hold', () => {
    const cache = createLru<string, Buffer>({ maxEntries: 100, maxBytes: 10, sizeOf: (bytes) => bytes.length });
    cache.set('a', Buffer.alloc(4));
    cache.set('b', Buffer.alloc(4));
    cache.set('c', Buffer.alloc(4));
    expect([cache.get('a'), cache.bytes]).toEqual([undefined, 8]);
    cache.set('b', Buffer.alloc(1));
    expect(cache.bytes).toBe(5);
    cache.set('c', Buffer.alloc(11));
    expect([cache.get('c'), cache.bytes, cache.size]).toEqual([undefined, 1, 1]);
  });

  test('forgets after its time, counted from the setting', () => {
    let time = 0;
    const cache = createLru<string, number>({ maxEntries: 9, ttlMs: 100, now: () => time });
    cache.set('a', 1);
    time = 99;
    expect(cache.get('a')).toBe(1);
    time = 100;
    expect(cache.get('a')).toBeUndefined();
    expect(cache.size).toBe(0);
    expect(() => createLru({ maxEntries: 1, ttlMs: 1 })).toThrow(TypeError);
  });

  test('behaves as its model', () => {
    const key = fc.integer({ min: 0, max: 7 });
    const step = fc.oneof(
      fc.record({ op: fc.constant('set' as const), key, size: fc.integer({ min: 0, max: 6 }) }),
      fc.record({ op: fc.constantFrom('get' as const, 'delete' as const), key, size: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = createLru<number, { size: number }>({ maxEntries: 4, maxBytes: 12, sizeOf: ({ size }) => size });
        let model: { key: number; size: number }[] = []; // least recently used first
        for (const { op, key: k, size } of steps) {
          const known = model.find((entry) => entry.key === k);
          if (op === 'get') expect(cache.get(k)?.size).toBe(known?.size);
          else if (op === 'delete') cache.delete(k);
          else cache.set(k, { size });
          model = model.filter((entry) => entry !== known);
          if (op === 'get' && known) model.push(known);
          if (op === 'set') model.push({ key: k, size });
          const total = () => model.reduce((sum, entry) => sum + entry.size, 0);
          while (model.length > 4 || total() > 12) model.shift();
          expect([cache.size, cache.bytes]).toEqual([model.length, total()]);
        }
      }),
    );
  });
});
