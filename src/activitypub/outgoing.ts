import type { Recipients } from '#activitypub/audience-store.ts';
import { insertBody, insertDeliveries } from '#activitypub/delivery-store.ts';
import { digestOf } from '#activitypub/signature/digest.ts';
import {
  findCreateAbout,
  replaceBody,
  withdrawAbout,
  withdrawAllOf,
  withdrawFormerUpdates,
} from '#activitypub/superseded-store.ts';
import type { Ctx } from '#context.ts';
import type { JsonObject } from '#lib/json.ts';

interface Message {
  type: string;
  body: string;
  digest: string;
}

/** An activity ready to be sent: rendered outside the transaction that decides it. */
export interface Outgoing extends Message {
  /** Who signs. */
  accountId: number;
  recipients: Recipients;
  /**
   * What it is about. One inbox gets what is about the same thing one after the other. Never text from elsewhere, which could name what is
   * others'.
   */
  about?: string | undefined;
  /** What it makes pointless, of what is still to be delivered: everything about these things, or of the same account. */
  withdraws?: readonly string[] | 'everything' | undefined;
  /** Of an edit: the Create as it reads now, for whom it has not reached. */
  create?: Message | undefined;
}

interface Topic {
  about?: string;
  withdraws?: Outgoing['withdraws'];
  create?: JsonObject;
}

export function toOutgoing(
  accountId: number,
  activity: JsonObject,
  recipients: Recipients,
  { about, withdraws, create }: Topic = {},
): Outgoing {
  const former = create && toMessage(create);
  return { ...toMessage(activity), accountId, recipients, about, withdraws, create: former };
}

function toMessage(activity: JsonObject): Message {
  const body = JSON.stringify(activity);
  return { type: String(activity['type']), body, digest: digestOf(body) };
}

/** Hands an activity to the sender, in the transaction that makes it due: it is sent if and only if that commits. */
export async function enqueueActivity(tx: Ctx, outgoing: Outgoing): Promise<void> {
  const { accountId, type, body, digest, recipients, about, withdraws } = outgoing;
  const id = tx.ids.next();
  if (withdraws === 'everything') await withdrawAllOf(tx.db, accountId);
  else if (withdraws) await withdrawAbout(tx.db, withdraws);
  const count = await insertDeliveries(tx.db, id, tx.now(), recipients);
  await replaceFormer(tx, id, outgoing);
  if (count === 0) return;
  await insertBody(tx.db, { id, accountId, type, body, digest, about, createdAt: tx.now() });
  tx.db.afterCommit(tx.machinery.wakeSender);
}

/**
 * An edit with the id `id` leaves no former text on its way. What still waits of the Create reads as the post does now, and only whoever
 * gets the edit gets it, as nobody else may see that; former edits give way to this one. The Create keeps its age, so that edits do not
 * put off for ever that it is given up. The edit goes to the same inboxes all the same: a try that seemed to fail may have arrived, and
 * what comes under the same id again is ignored.
 */
async function replaceFormer(tx: Ctx, id: number, { accountId, about, create }: Outgoing): Promise<void> {
  if (!create || about === undefined) return;
  await withdrawFormerUpdates(tx.db, about, id);
  const former = await findCreateAbout(tx.db, about);
  if (!former) return;
  // A new id: bodies are kept in memory by it.
  const by = tx.ids.next();
  if ((await replaceBody(tx.db, { bodyId: former.id, by, withBodyId: id })) === 0) return;
  await insertBody(tx.db, { ...create, id: by, accountId, about, createdAt: former.createdAt });
}
