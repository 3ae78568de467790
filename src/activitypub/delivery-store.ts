import { type Db, list } from '#db/database.ts';
import { firstIdAt } from '#lib/id.ts';

/** One activity on its way to one inbox. */
export interface Delivery {
  id: number;
  bodyId: number;
  /** Host (and port) of the inbox. */
  host: string;
  inbox: string;
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
  /** URI of the post it is about. */
  about?: string | undefined;
}

/** How another server has been answering. A host without a row has never failed. */
export interface HostHealth {
  host: string;
  /** In a row. */
  failures: number;
  failingSince: number | null;
  /** Until then (epoch ms) nothing is sent to it. */
  retryAt: number | null;
  speaksRfc9421: number;
}

/** How long a claimed delivery is left alone before another process takes it (milliseconds). Renewed while it is held. */
export const LEASE = 60_000;

export async function insertBody(db: Db, body: DeliveryBody): Promise<void> {
  await db.run('INSERT INTO delivery_body (id, account_id, body, digest, about) VALUES (?, ?, ?, ?, ?)', [
    body.id,
    body.accountId,
    body.body,
    body.digest,
    body.about,
  ]);
}

/** Takes back what is not under way yet of what was to be said about a post: its deletion must not be overtaken by its Create. */
export async function withdrawAbout(db: Db, about: string): Promise<void> {
  await db.run(
    'DELETE FROM delivery WHERE leased_by IS NULL AND body_id IN (SELECT id FROM delivery_body WHERE about = ?)',
    [about],
  );
}

/** The same of everything that an account had to say. */
export async function withdrawAllOf(db: Db, accountId: number): Promise<void> {
  await db.run(
    'DELETE FROM delivery WHERE leased_by IS NULL AND body_id IN (SELECT id FROM delivery_body WHERE account_id = ?)',
    [accountId],
  );
}

export async function listBodies(db: Db, ids: readonly number[]): Promise<DeliveryBody[]> {
  const wanted = list(ids);
  return db.all(`SELECT id, account_id, body, digest FROM delivery_body WHERE id ${wanted.sql}`, wanted.values);
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
       UPDATE delivery SET due = ?, leased_by = ? WHERE id IN (SELECT id FROM ready) RETURNING id, body_id, host, inbox, attempt`,
      [now, limit, now + LEASE, leasedBy],
    ),
  );
}

/** Leases up to `limit` deliveries to one host that are due or held back until `until` at most. */
export async function claimOfHost(db: Db, claim: Claim & { host: string; until: number }): Promise<Delivery[]> {
  return claimed(
    await db.all<Delivery>(
      `WITH ready AS MATERIALIZED (
         SELECT id FROM delivery WHERE host = ? AND due <= ? AND leased_by IS NULL ORDER BY due, id LIMIT ? ${db.skipLocked})
       UPDATE delivery SET due = ?, leased_by = ? WHERE id IN (SELECT id FROM ready) RETURNING id, body_id, host, inbox, attempt`,
      [claim.host, claim.until, claim.limit, claim.now + LEASE, claim.leasedBy],
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

/** Holds back what is due for a host, so that it does not stand at the head of the queue. */
export async function parkHost(db: Db, host: string, until: number): Promise<void> {
  await db.run('UPDATE delivery SET due = ? WHERE host = ? AND due < ? AND leased_by IS NULL', [until, host, until]);
}

/** Everything for a host that answers again is due. */
export async function unparkHost(db: Db, host: string, now: number): Promise<void> {
  await db.run('UPDATE delivery SET due = ? WHERE host = ? AND due > ? AND leased_by IS NULL', [now, host, now]);
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

export async function listHosts(db: Db, hosts: readonly string[]): Promise<HostHealth[]> {
  const wanted = list(hosts);
  return db.all(
    `SELECT host, failures, failing_since, retry_at, speaks_rfc9421 FROM remote_host WHERE host ${wanted.sql}`,
    wanted.values,
  );
}

export async function saveFailure(db: Db, health: HostHealth): Promise<void> {
  await db.run(
    `INSERT INTO remote_host (host, failures, failing_since, retry_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (host) DO UPDATE SET failures = excluded.failures, retry_at = excluded.retry_at,
       failing_since = COALESCE(remote_host.failing_since, excluded.failing_since)`,
    [health.host, health.failures, health.failingSince, health.retryAt],
  );
}

export async function saveRecovery(db: Db, host: string, now: number): Promise<void> {
  await db.run(
    'UPDATE remote_host SET failures = 0, failing_since = NULL, retry_at = NULL, last_success_at = ? WHERE host = ?',
    [now, host],
  );
}

/** Remembers by which of the two specifications a host wants requests signed. */
export async function saveSignatureSpec(db: Db, host: string, speaksRfc9421: boolean): Promise<void> {
  await db.run(
    `INSERT INTO remote_host (host, speaks_rfc9421) VALUES (?, ?)
     ON CONFLICT (host) DO UPDATE SET speaks_rfc9421 = excluded.speaks_rfc9421`,
    [host, speaksRfc9421],
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
