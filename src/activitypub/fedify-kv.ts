import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KvKey, KvStore } from '@fedify/fedify';
import { deleteKv, findKv, insertKv, listKv, replaceKv, upsertKv } from '#activitypub/kv-store.ts';
import { type Ctx, inTransaction } from '#context.ts';

/** Fedify keeps public keys without limit, also those that are not there: strangers name them, so they go after a day (milliseconds). */
const KEPT_WITHOUT_TTL = 24 * 3_600_000;

type Options = Parameters<KvStore['set']>[2];

/**
 * Fedify's key-value store in our database. Keys hold URLs that strangers choose, so the row's key is a hash; values are JSON texts, of
 * which `null` is one (Fedify's negative cache) and `undefined` is none. Never call Fedify inside a transaction: this opens its own.
 */
export function createKvStore(ctx: Ctx): Required<KvStore> {
  const expiry = (options: Options) =>
    ctx.now() + (options?.ttl === undefined ? KEPT_WITHOUT_TTL : toMilliseconds(options.ttl));

  return {
    async get<T>(key: KvKey) {
      const row = await findKv(ctx.db, hashOf(key), ctx.now());
      return row && (JSON.parse(row.value) as T);
    },

    async set(key, value, options) {
      const row = toRow(key, value, expiry(options));
      if (row) await inTransaction(ctx, (tx) => upsertKv(tx.db, row));
    },

    async delete(key) {
      await inTransaction(ctx, (tx) => deleteKv(tx.db, hashOf(key)));
    },

    async cas(key, expected, next, options) {
      return inTransaction(ctx, async (tx) => {
        const row = await findKv(tx.db, hashOf(key), tx.now());
        // Values are compared, not texts: the order of members says nothing.
        if (!isDeepStrictEqual(row && JSON.parse(row.value), expected)) return false;
        const written = toRow(key, next, expiry(options));
        if (!row) return written === undefined || insertKv(tx.db, written, tx.now());
        return written ? replaceKv(tx.db, written, row.value) : deleteKv(tx.db, hashOf(key), row.value);
      });
    },

    async *list(prefix) {
      // Whole segments: the key itself, and those that go on after it.
      const exact = prefix && JSON.stringify(prefix);
      const from = exact === undefined ? '[' : `${exact.slice(0, -1)},`;
      for (const row of await listKv(ctx.db, { exact, from }, ctx.now())) {
        yield { key: JSON.parse(row.key) as KvKey, value: JSON.parse(row.value) as unknown };
      }
    },
  };
}

function toRow(key: KvKey, value: unknown, expiresAt: number) {
  // Through JSON, so that what is read is what was compared, and `undefined` is the absence of a value.
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : { keyHash: hashOf(key), key: JSON.stringify(key), value: text, expiresAt };
}

function hashOf(key: KvKey): string {
  return hash('sha256', JSON.stringify(key), 'base64url');
}

function toMilliseconds(duration: Temporal.Duration): number {
  return Math.max(0, duration.total('millisecond'));
}
