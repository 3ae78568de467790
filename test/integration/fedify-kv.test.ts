import { expect, test } from 'vitest';
import { createKvStore } from '#activitypub/fedify-kv.ts';
import { pruneFedify } from '#activitypub/prune.ts';
import { inTransaction } from '#context.ts';
import { onEachDialect } from '../support/databases.ts';
import { createTestApp } from '../support/test-app.ts';

onEachDialect('Fedify’s key-value store', (dialect) => {
  const open = async () => {
    const app = await createTestApp({ dialect });
    return { app, kv: createKvStore(app.ctx) };
  };
  const seconds = (n: number) => ({ ttl: Temporal.Duration.from({ seconds: n }) });

  test('keeps any JSON, null as a value, and text that PostgreSQL cannot', async () => {
    const { app, kv } = await open();
    await using _ = app;
    for (const value of [null, false, 0, '', [], { a: [1, { b: null }] }, 'NUL \u0000 and \ud83d\ude00']) {
      await kv.set(['k'], value);
      expect(await kv.get(['k'])).toEqual(value);
    }
    await kv.set(['k'], undefined);
    expect(await kv.get(['k'])).toBe('NUL \u0000 and \ud83d\ude00');
    await kv.delete(['k']);
    expect(await kv.get(['k'])).toBeUndefined();
  });

  test('keys are lists: no two of them meet, however long', async () => {
    const { app, kv } = await open();
    await using _ = app;
    const url = `https://evil.example/${'x'.repeat(20_000)}`;
    await kv.set(['a', 'b'], 1);
    await kv.set(['a,b'], 2);
    await kv.set(['a"', 'b'], 3);
    await kv.set(['a', url], 4);
    expect(await Promise.all([kv.get(['a', 'b']), kv.get(['a,b']), kv.get(['a"', 'b']), kv.get(['a', url])])).toEqual([
      1, 2, 3, 4,
    ]);
  });

  test('values expire, and are swept', async () => {
    const { app, kv } = await open();
    await using _ = app;
    await kv.set(['short'], 1, seconds(10));
    await kv.set(['long'], 2);
    app.clock.advance(11_000);
    expect(await kv.get(['short'])).toBeUndefined();
    expect(await Array.fromAsync(kv.list())).toEqual([{ key: ['long'], value: 2 }]);
    await inTransaction(app.ctx, pruneFedify);
    expect(await app.ctx.db.all('SELECT key FROM fedify_kv')).toEqual([{ key: '["long"]' }]);
    // Also what Fedify would keep for ever: its keys are what strangers named.
    app.clock.advance(24 * 3_600_000);
    await inTransaction(app.ctx, pruneFedify);
    expect(await app.ctx.db.all('SELECT key FROM fedify_kv')).toEqual([]);
  });

  test('compare and swap: of many who try, one succeeds', async () => {
    const { app, kv } = await open();
    await using _ = app;
    const first = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((n) => kv.cas(['k'], undefined, { n })));
    expect(first.filter(Boolean)).toHaveLength(1);
    const { n } = (await kv.get<{ n: number }>(['k']))!;
    expect(await kv.cas(['k'], { n: -1 }, { n: 1 })).toBe(false);
    const second = await Promise.all([10, 11, 12, 13, 14, 15].map((other) => kv.cas(['k'], { n }, { other })));
    expect(second.filter(Boolean)).toHaveLength(1);
    await kv.set(['k'], { a: 1, b: 2 });
    expect(await kv.cas(['k'], { b: 2, a: 1 }, undefined)).toBe(true);
    expect(await kv.get(['k'])).toBeUndefined();
    await kv.set(['e'], 1, seconds(1));
    app.clock.advance(2_000);
    expect(await kv.cas(['e'], 1, 2)).toBe(false);
    expect(await kv.cas(['e'], undefined, 2)).toBe(true);
  });

  test('lists what begins with a prefix of whole segments', async () => {
    const { app, kv } = await open();
    await using _ = app;
    const keys = [
      ['_fedify'],
      ['_fedify', 'a'],
      ['_fedify', 'a', 'b'],
      ['_fedify', 'ab'],
      ['xfedify', 'a'],
      ['_FEDIFY', 'a'],
    ] as [string, ...string[]][];
    for (const key of keys) await kv.set(key, key.length);
    const listed = async (prefix?: readonly [string, ...string[]]) =>
      (await Array.fromAsync(kv.list(prefix))).map(({ key }) => key.join('/')).sort();
    expect(await listed(['_fedify', 'a'])).toEqual(['_fedify/a', '_fedify/a/b']);
    expect(await listed(['_fedify'])).toEqual(['_fedify', '_fedify/a', '_fedify/a/b', '_fedify/ab']);
    expect(await listed()).toHaveLength(6);
  });
});
