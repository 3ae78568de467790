import type { Ctx } from '#context.ts';
import { deleteSetting, readSetting, writeSetting } from '#domain/instance/setting-store.ts';
import { pruneHomes } from '#domain/home/home-store.ts';

const ACCOUNTS_AT_ONCE = 50;
const PLACE = 'prune-homes';

/** Cuts home timelines back to their limit, some accounts at a time. Returns whether there are more. */
export async function pruneHomesFurther(tx: Ctx): Promise<boolean> {
  const after = (await readSetting<number>(tx.db, PLACE)) ?? 0;
  const last = await pruneHomes(tx.db, after, ACCOUNTS_AT_ONCE);
  if (last === undefined) await deleteSetting(tx.db, PLACE);
  else await writeSetting(tx.db, PLACE, last);
  return last !== undefined;
}
