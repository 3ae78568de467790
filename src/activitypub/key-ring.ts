import { createPublicKey, type KeyObject } from 'node:crypto';
import { type ActorDocument, readActor } from '#activitypub/remote/actor-reader.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { fetchActorDocument, keepActor } from '#activitypub/remote/fetch-actor.ts';
import { own, soleIdOf } from '#activitypub/remote/fields.ts';
import type { Ctx } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findKey } from '#domain/accounts/key-store.ts';
import { coalesce } from '#lib/coalesce.ts';
import { isSameOrigin } from '#lib/host.ts';
import { createLru } from '#lib/lru.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** A public key and whose it is. */
export interface Signer {
  ok: true;
  key: KeyObject;
  actorUri: string;
  /** Undefined until an actor met for the first time has proved that it holds the key: nothing is kept of those who have not. */
  accountId: number | undefined;
  /** As just read from its server. */
  document: ActorDocument | undefined;
}

export interface NoSigner {
  ok: false;
  /** `gone`: its server says that it does not exist any more; `temporary`: its server could not be asked. */
  reason: 'gone' | 'temporary' | 'invalid';
}

export interface KeyRing {
  /**
   * The key of this id (as `URL.href`) and its owner, from memory, the database, or its owner's server, which is asked only if `mayFetch`
   * allows it.
   */
  find(keyId: string, mayFetch: () => boolean): Promise<Signer | NoSigner>;
  /**
   * Asks the server again, after a bad signature: the key may have been replaced. Undefined when that was done not long ago, or `mayFetch`
   * does not allow it.
   */
  refetch(keyId: string, mayFetch: () => boolean): Promise<Signer | NoSigner | undefined>;
  /** Keeps the owner of a key that has just proved itself. Returns its account, undefined where it is refused here. */
  keep(keyId: string, signer: Signer): Promise<number | undefined>;
}

const MINUTE = 60_000;
/** How long another process's news of a key may take to reach us. */
const CACHED_FOR = 5 * MINUTE;
const FAILURE_CACHED_FOR = 10 * MINUTE;
const OUTAGE_CACHED_FOR = MINUTE;
/** Between two looks for a replaced key: else whoever knows a key's id could make us ask its server with each bad signature. */
const REFETCH_PAUSE = 5 * MINUTE;
/** After it a key is confirmed anew, so that one that was withdrawn does not live for ever. */
export const KEY_MAX_AGE = 7 * 24 * 60 * MINUTE;

export function createKeyRing(ctx: Ctx): KeyRing {
  const { now } = ctx;
  const signers = createLru<string, Signer>({ maxEntries: 10_000, ttlMs: CACHED_FOR, now });
  // Few, as each has its whole document with it, and anybody can make us read one.
  const unproven = createLru<string, Signer>({ maxEntries: 200, ttlMs: CACHED_FOR, now });
  const failures = createLru<string, NoSigner>({ maxEntries: 10_000, ttlMs: FAILURE_CACHED_FOR, now });
  const outages = createLru<string, NoSigner>({ maxEntries: 10_000, ttlMs: OUTAGE_CACHED_FOR, now });
  const refetched = createLru<string, true>({ maxEntries: 10_000, ttlMs: REFETCH_PAUSE, now });
  const fetchOnce = coalesce((keyId) => fetchSigner(ctx, keyId));

  function remember<T extends Signer | NoSigner>(keyId: string, found: T): T {
    if (found.ok) (found.document ? unproven : signers).set(keyId, found);
    else (found.reason === 'temporary' ? outages : failures).set(keyId, found);
    return found;
  }

  return {
    async find(keyId, mayFetch) {
      const cached = signers.get(keyId) ?? unproven.get(keyId) ?? failures.get(keyId) ?? outages.get(keyId);
      if (cached) return cached;
      const stored = await findStored(ctx, keyId);
      if (stored && !stored.isStale) return remember(keyId, stored.signer);
      if (!mayFetch()) return stored?.signer ?? { ok: false, reason: 'temporary' };
      const fetched = await fetchOnce(keyId);
      // While its server is away, what it said last holds; an actor that is gone can still say farewell.
      if (!fetched.ok && fetched.reason !== 'invalid' && stored) return remember(keyId, stored.signer);
      return remember(keyId, fetched);
    },

    async refetch(keyId, mayFetch) {
      if (refetched.get(keyId) || !mayFetch()) return undefined;
      refetched.set(keyId, true);
      const fetched = await fetchOnce(keyId);
      if (!fetched.ok) return fetched;
      signers.delete(keyId);
      return remember(keyId, fetched);
    },

    async keep(keyId, signer) {
      if (!signer.document) return signer.accountId;
      const account = await keepActor(ctx, signer.document);
      if (!account) return undefined;
      unproven.delete(keyId);
      remember(keyId, { ...signer, accountId: account.id, document: undefined });
      return account.id;
    },
  };
}

async function findStored(ctx: Ctx, keyId: string): Promise<{ signer: Signer; isStale: boolean } | undefined> {
  const row = await findKey(ctx.db, keyId);
  const account = row && (await findAccount(ctx.db, row.accountId));
  if (!row || !account || isLocal(account)) return undefined;
  const key = createPublicKey(row.publicKey);
  return {
    signer: { ok: true, key, actorUri: account.uri, accountId: account.id, document: undefined },
    isStale: ctx.now() - row.fetchedAt > KEY_MAX_AGE,
  };
}

/**
 * Reads a key from its owner's server. Whatever stands under the key's id only says whom to ask: the owner's own document, of the same
 * origin, must list the key.
 */
async function fetchSigner(ctx: Ctx, keyId: string): Promise<Signer | NoSigner> {
  const document = await fetchDocument(ctx, keyId.replace(/#.*$/s, ''));
  if (!document.ok) return noSigner(document);
  let actor = readActor(document.json);
  if (!actor) {
    const owner = soleIdOf(own(document.json, 'owner') ?? own(document.json, 'controller'));
    if (owner === undefined || !isSameOrigin(owner, keyId)) return { ok: false, reason: 'invalid' };
    const fetched = await fetchActorDocument(ctx, owner);
    if (!fetched.ok) return noSigner(fetched);
    actor = fetched.actor;
  }
  const listed = actor.keys.find((key) => key.uri === keyId);
  if (!listed || !isSameOrigin(actor.profile.uri, keyId)) return { ok: false, reason: 'invalid' };
  const key = createPublicKey(listed.publicKey);
  return { ok: true, key, actorUri: actor.profile.uri, accountId: undefined, document: actor };
}

function noSigner({ reason }: RemoteFailure): NoSigner {
  return { ok: false, reason: reason === 'gone' || reason === 'temporary' ? reason : 'invalid' };
}
