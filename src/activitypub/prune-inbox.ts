import { deleteReceived } from '#activitypub/received-store.ts';
import type { Ctx } from '#context.ts';
import { deleteTombstones } from '#domain/posts/tombstone-store.ts';

const HOUR = 3_600_000;
/** Milliseconds an accepted activity is remembered: well over the two hours in which its signature is good. */
const RECEIVED_KEPT = 24 * HOUR;
/** Milliseconds within which something may arrive after its own deletion: others retry for some days. */
const TOMBSTONES_KEPT = 14 * 24 * HOUR;
const BITE = 1_000;

/** Forgets what was received long ago. Returns whether there is more. */
export async function pruneInbox(tx: Ctx): Promise<boolean> {
  const received = await deleteReceived(tx.db, tx.now() - RECEIVED_KEPT, BITE);
  const tombstones = await deleteTombstones(tx.db, tx.now() - TOMBSTONES_KEPT, BITE);
  return received === BITE || tombstones === BITE;
}
