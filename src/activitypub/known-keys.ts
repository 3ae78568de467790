import type { KvKey, KvStore } from '@fedify/fedify';
import { KEY_MAX_AGE } from '#activitypub/key-ring.ts';
import { toKey } from '#activitypub/objects/actor.ts';
import type { Ctx } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findKey } from '#domain/accounts/key-store.ts';
import type { JsonObject } from '#lib/json.ts';

/** How the names of public keys in Fedify's store begin; they end with the key's id. */
export const KEYS_PREFIX = ['_fedify', 'publicKey'] as const satisfies KvKey;

const CONTEXTS = ['https://w3id.org/security/v1', 'https://w3id.org/security/multikey/v1'];

/**
 * Fedify's store, but for public keys: those are our own. One that its owner has replaced or taken back is no good any more at once, for
 * Linked Data signatures and integrity proofs as for requests. Others Fedify asks for, and keeps only that there is none.
 */
export function withKnownKeys(ctx: Ctx, kv: Required<KvStore>): Required<KvStore> {
  return {
    ...kv,
    async get<T>(key: KvKey) {
      const known = isPublicKey(key) ? await findKnown(ctx, key.at(-1)!) : undefined;
      return known === undefined ? kv.get<T>(key) : (known as T);
    },
    async set(key, value, options) {
      if (isPublicKey(key) && isKey(value)) await kv.delete(key);
      else await kv.set(key, value, options);
    },
  };
}

function isPublicKey(key: KvKey): boolean {
  return KEYS_PREFIX.every((segment, index) => key[index] === segment);
}

/** Neither the mark of a missing key, which is null, nor the error that came in its place. */
function isKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '@context' in value;
}

async function findKnown(ctx: Ctx, uri: string): Promise<JsonObject | undefined> {
  const key = await findKey(ctx.db, uri);
  if (!key || ctx.now() - key.fetchedAt > KEY_MAX_AGE) return undefined;
  const owner = await findAccount(ctx.db, key.accountId);
  return owner && !isLocal(owner) ? { '@context': CONTEXTS, ...toKey(owner.uri, key) } : undefined;
}
