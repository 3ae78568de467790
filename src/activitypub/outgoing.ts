import type { Recipients } from '#activitypub/audience-store.ts';
import { insertBody, insertDeliveries, withdrawAbout, withdrawAllOf } from '#activitypub/delivery-store.ts';
import { digestOf } from '#activitypub/signature/digest.ts';
import type { Ctx } from '#context.ts';
import type { JsonObject } from '#lib/json.ts';

/** An activity ready to be sent: rendered outside the transaction that decides it. */
export interface Outgoing {
  /** Who signs. */
  accountId: number;
  body: string;
  digest: string;
  recipients: Recipients;
  /** URI of the post it is about. */
  about?: string;
  /** What it makes pointless, of what is still to be delivered: everything about the same post, or of the same account. */
  withdraws?: 'post' | 'account';
}

export function toOutgoing(
  accountId: number,
  activity: JsonObject,
  recipients: Recipients,
  topic: Pick<Outgoing, 'about' | 'withdraws'> = {},
): Outgoing {
  const body = JSON.stringify(activity);
  return { accountId, body, digest: digestOf(body), recipients, ...topic };
}

/** Hands an activity to the sender, in the transaction that makes it due: it is sent if and only if that commits. */
export async function enqueueActivity(tx: Ctx, outgoing: Outgoing): Promise<void> {
  const { accountId, body, digest, recipients, about, withdraws } = outgoing;
  const id = tx.ids.next();
  if (withdraws === 'post' && about !== undefined) await withdrawAbout(tx.db, about);
  if (withdraws === 'account') await withdrawAllOf(tx.db, accountId);
  if ((await insertDeliveries(tx.db, id, tx.now(), recipients)) === 0) return;
  await insertBody(tx.db, { id, accountId, body, digest, about });
  tx.db.afterCommit(tx.machinery.wakeSender);
}
