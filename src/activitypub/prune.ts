import { pruneDeliveries } from '#activitypub/delivery-store.ts';
import { MAX_AGE } from '#activitypub/delivery-verdict.ts';
import { pruneKv } from '#activitypub/kv-store.ts';
import { deleteReceived } from '#activitypub/received-store.ts';
import type { Ctx } from '#context.ts';
import { deleteTombstones } from '#domain/posts/tombstone-store.ts';

/*
 * What this edge forgets with time. Each runs in bites, as a run holds the write lock, and returns whether there may be more.
 */

const HOUR = 3_600_000;
/** Milliseconds an accepted activity is remembered: well over the time in which a signature is good, two hours or thirteen within. */
const RECEIVED_KEPT = 24 * HOUR;
/** Milliseconds within which something may arrive after its own deletion: others retry for some days. */
const TOMBSTONES_KEPT = 14 * 24 * HOUR;

/** Rows deleted in one bite. */
const BITE = 500;

/** Forgets what was received long ago. */
export async function pruneInbox(tx: Ctx): Promise<boolean> {
  const received = await deleteReceived(tx.db, tx.now() - RECEIVED_KEPT, BITE);
  const tombstones = await deleteTombstones(tx.db, tx.now() - TOMBSTONES_KEPT, BITE);
  return received === BITE || tombstones === BITE;
}

/** Gives up what could not be delivered for a week: most of it is for servers that are gone. */
export async function pruneOutbox(tx: Ctx): Promise<boolean> {
  return (await pruneDeliveries(tx.db, tx.now() - MAX_AGE, BITE)) === BITE;
}

/** Deletes what expired of Fedify's key-value store. */
export async function pruneFedify(tx: Ctx): Promise<boolean> {
  return (await pruneKv(tx.db, tx.now(), BITE)) === BITE;
}
