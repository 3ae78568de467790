import { pruneKv } from '#activitypub/kv-rows-store.ts';
import type { Ctx } from '#context.ts';

/** Rows deleted in one bite. */
const PRUNED_AT_ONCE = 500;

/** Deletes what expired of Fedify's key-value store. Returns whether there may be more. */
export async function pruneFedify(tx: Ctx): Promise<boolean> {
  return (await pruneKv(tx.db, tx.now(), PRUNED_AT_ONCE)) === PRUNED_AT_ONCE;
}
