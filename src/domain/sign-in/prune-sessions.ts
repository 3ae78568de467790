import type { Ctx } from '#context.ts';
import { deleteExpiredSessions } from '#domain/sign-in/session-store.ts';

/** Sessions deleted in one bite. */
const BITE = 500;

/** Forgets sessions that are over. Returns whether there may be more. */
export async function pruneSessions(tx: Ctx): Promise<boolean> {
  return (await deleteExpiredSessions(tx.db, tx.now(), BITE)) === BITE;
}
