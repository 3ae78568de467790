import type { Recipients } from '#activitypub/audience-store.ts';
import { type Db, list } from '#db/database.ts';
import { firstIdAt } from '#lib/id.ts';

/** One activity on its way to one inbox. */
export interface Delivery {
  id: number;
  bodyId: number;
  /** Host (and port) that answers for the inbox: that of its actor. */
  host: string;
  inbox: string;
  /** Somebody whose inbox it is; one of them where it is shared. */
  accountId: number;
  /** How often it failed so far. */
  attempt: number;
}

/** What is sent, once for all its inboxes. The signer's key stays in account_key. */
export interface DeliveryBody {
  id: number;
  /** Who signs. */
  accountId: number;
  body: string;
  /** SHA-256, base64. */
  digest: string;
  /** Of the activity. */
  type: string;
  /** What it is about: URI of a post or an account of ours, or one of a local account's with a fragment. */
  about?: string | undefined;
  /** When it was first said, in whichever words (epoch ms). */
  createdAt: number;
}

/** How long a claimed delivery is left alone before another process takes it (milliseconds). Renewed while it is held. */
export const LEASE = 60_000;

export async function insertBody(db: Db, body: DeliveryBody): Promise<void> {
  await db.run(
    'INSERT INTO delivery_body (id, account_id, body, digest, type, about, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [body.id, body.accountId, body.body, body.digest, body.type, body.about, body.createdAt],
  );
}

/**
 * Writes a delivery of `bodyId` for each distinct inbox of the recipients: one statement, whatever their number. Local accounts, deleted
 * ones and blocked hosts are passed over (blocked domains *above* a host, and those of inboxes elsewhere, are left to the sender, who asks
 * again before each delivery); what is for a host or inbox known to be down waits until that is probed. Returns how many.
 */
export async function insertDeliveries(db: Db, bodyId: number, now: number, recipients: Recipients): Promise<number> {
  const { sources, inboxes, withoutBlocksOf } = recipients;
  const inbox = inboxes === 'shared' ? 'COALESCE(account.shared_inbox, account.inbox)' : 'account.inbox';
  const noBlock =
    withoutBlocksOf === undefined
      ? ''
      : `AND NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = ? AND block.target_id = account.id)
         AND NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = account.id AND block.target_id = ?)`;
  return db.run(
    `INSERT INTO delivery (body_id, host, inbox, account_id, due)
     SELECT CAST(? AS BIGINT), found.host, found.inbox, found.account_id,
       CASE WHEN remote_host.retry_at > ? AND (failing_inbox IS NULL OR failing_inbox = found.inbox) THEN retry_at ELSE CAST(? AS BIGINT) END
     FROM (
       SELECT account.delivery_host AS host, ${inbox} AS inbox, max(account.id) AS account_id FROM account
       WHERE account.id IN (${sources.map((source) => source.sql).join(' UNION ')})
         AND account.host <> '' AND account.deleted_at IS NULL AND account.inbox IS NOT NULL AND account.delivery_host IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM domain_block WHERE domain_block.host IN (account.host, account.delivery_host)) ${noBlock}
       GROUP BY account.delivery_host, ${inbox}
     ) AS found LEFT JOIN remote_host ON remote_host.host = found.host WHERE 1 = 1`,
    [
      bodyId,
      now,
      now,
      ...sources.flatMap((source) => source.values),
      ...(withoutBlocksOf === undefined ? [] : [withoutBlocksOf, withoutBlocksOf]),
    ],
  );
}

export async function listBodies(db: Db, ids: readonly number[]): Promise<DeliveryBody[]> {
  const wanted = list(ids);
  return db.all(
    `SELECT id, account_id, body, digest, type, about, created_at FROM delivery_body WHERE id ${wanted.sql}`,
    wanted.values,
  );
}

/** Whether anything that an account said is still to be delivered. */
export async function hasUndelivered(db: Db, accountId: number): Promise<boolean> {
  return (await db.get('SELECT 1 AS found FROM delivery_body WHERE account_id = ? LIMIT 1', [accountId])) !== undefined;
}

export async function hasDue(db: Db, now: number): Promise<boolean> {
  return (await db.get('SELECT 1 AS due FROM delivery WHERE due <= ? LIMIT 1', [now])) !== undefined;
}

interface Claim {
  leasedBy: string;
  now: number;
  limit: number;
}

/** Leases up to `limit` due deliveries, oldest first. */
export async function claimDue(db: Db, { leasedBy, now, limit }: Claim): Promise<Delivery[]> {
  return claimed(
    await db.all<Delivery>(
      `WITH ready AS MATERIALIZED (SELECT id FROM delivery WHERE due <= ? ORDER BY due, id LIMIT ? ${db.skipLocked})
       UPDATE delivery SET due = ?, leased_by = ? WHERE id IN (SELECT id FROM ready) RETURNING id, body_id, host, inbox, account_id, attempt`,
      [now, limit, now + LEASE, leasedBy],
    ),
  );
}

/** Leases up to `limit` deliveries to one host that are due or held back until `until` at most; to all its inboxes but one. */
export async function claimOfHost(
  db: Db,
  claim: Claim & { host: string; exceptInbox: string | undefined; until: number },
): Promise<Delivery[]> {
  return claimed(
    await db.all<Delivery>(
      `WITH ready AS MATERIALIZED (
         SELECT id FROM delivery WHERE host = ? AND inbox <> ? AND due <= ? AND leased_by IS NULL ORDER BY due, id LIMIT ? ${db.skipLocked})
       UPDATE delivery SET due = ?, leased_by = ? WHERE id IN (SELECT id FROM ready) RETURNING id, body_id, host, inbox, account_id, attempt`,
      [claim.host, claim.exceptInbox ?? '', claim.until, claim.limit, claim.now + LEASE, claim.leasedBy],
    ),
  );
}

function claimed(deliveries: Delivery[]): Delivery[] {
  return deliveries.sort((a, b) => a.id - b.id);
}

export async function renewLeases(
  db: Db,
  ids: readonly number[],
  { leasedBy, now }: Omit<Claim, 'limit'>,
): Promise<void> {
  const wanted = list(ids);
  await db.run(`UPDATE delivery SET due = ? WHERE id ${wanted.sql} AND leased_by = ?`, [
    now + LEASE,
    ...wanted.values,
    leasedBy,
  ]);
}

/** Gives claimed deliveries back untried, due at `due`. */
export async function release(
  db: Db,
  ids: readonly number[],
  { leasedBy, due }: { leasedBy: string; due: number },
): Promise<void> {
  const wanted = list(ids);
  await db.run(`UPDATE delivery SET due = ?, leased_by = NULL WHERE id ${wanted.sql} AND leased_by = ?`, [
    due,
    ...wanted.values,
    leasedBy,
  ]);
}

/** A host, or one inbox of it. */
export interface Place {
  host: string;
  inbox: string | undefined;
}

/** Holds back what is due there, so that it does not stand at the head of the queue. */
export async function park(db: Db, { host, inbox }: Place, until: number): Promise<void> {
  await db.run(
    `UPDATE delivery SET due = ? WHERE host = ? AND due < ? AND leased_by IS NULL AND (inbox = ? OR ? = '')`,
    [until, host, until, inbox ?? '', inbox ?? ''],
  );
}

/** Everything there is due: it answers again. */
export async function unpark(db: Db, { host, inbox }: Place, now: number): Promise<void> {
  await db.run(
    `UPDATE delivery SET due = ? WHERE host = ? AND due > ? AND leased_by IS NULL AND (inbox = ? OR ? = '')`,
    [now, host, now, inbox ?? '', inbox ?? ''],
  );
}

/** Deletes deliveries that were made, or will never be, and the bodies that nobody waits for any more. */
export async function finishDeliveries(db: Db, done: readonly Pick<Delivery, 'id' | 'bodyId'>[]): Promise<void> {
  const ids = list(done.map((delivery) => delivery.id));
  await db.run(`DELETE FROM delivery WHERE id ${ids.sql}`, ids.values);
  const bodies = list([...new Set(done.map((delivery) => delivery.bodyId))]);
  await db.run(
    `DELETE FROM delivery_body WHERE id ${bodies.sql} AND NOT EXISTS (SELECT 1 FROM delivery WHERE body_id = delivery_body.id)`,
    bodies.values,
  );
}

export async function retryDelivery(
  db: Db,
  delivery: Delivery,
  retry: { leasedBy: string; due: number; error: string },
): Promise<void> {
  await db.run(
    'UPDATE delivery SET due = ?, leased_by = NULL, attempt = attempt + 1, last_error = ? WHERE id = ? AND leased_by = ?',
    [retry.due, retry.error.slice(0, 500), delivery.id, retry.leasedBy],
  );
}

/** Gives up deliveries older than `before` (epoch ms), and bodies that a crash left alone. Returns how many deliveries. */
export async function pruneDeliveries(db: Db, before: number, limit: number): Promise<number> {
  const given = await db.run(
    'DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE body_id < ? ORDER BY body_id LIMIT ?)',
    [firstIdAt(before), limit],
  );
  await db.run('DELETE FROM delivery_body WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE body_id = delivery_body.id)');
  return given;
}
