import { type Db, list } from '#db/database.ts';

/** How another server has been answering. A host without a row has never failed. */
export interface HostHealth {
  host: string;
  /** In a row. */
  failures: number;
  /** Epoch ms; undefined while it answers. */
  failingSince: number | undefined;
  /** Until then (epoch ms) nothing is sent to it, or to its `failingInbox`. */
  retryAt: number | undefined;
  /** The only inbox that failed, to which all this is confined; undefined where none did, or several. */
  failingInbox: string | undefined;
  speaksRfc9421: boolean;
}

/** Of a host that never failed. */
export function newHealth(host: string): HostHealth {
  return {
    host,
    failures: 0,
    failingSince: undefined,
    retryAt: undefined,
    failingInbox: undefined,
    speaksRfc9421: false,
  };
}

interface HealthRow {
  host: string;
  failures: number;
  failingSince: number | null;
  retryAt: number | null;
  failingInbox: string | null;
  speaksRfc9421: number;
}

function toHealth(row: HealthRow): HostHealth {
  return {
    host: row.host,
    failures: row.failures,
    failingSince: row.failingSince ?? undefined,
    retryAt: row.retryAt ?? undefined,
    failingInbox: row.failingInbox ?? undefined,
    speaksRfc9421: row.speaksRfc9421 !== 0,
  };
}

export async function listHealth(db: Db, hosts: readonly string[]): Promise<HostHealth[]> {
  const wanted = list(hosts);
  const rows = await db.all<HealthRow>(
    `SELECT host, failures, failing_since, retry_at, failing_inbox, speaks_rfc9421 FROM remote_host WHERE host ${wanted.sql}`,
    wanted.values,
  );
  return rows.map(toHealth);
}

/** Everything but by which specification it wants requests signed. */
export async function saveHealth(db: Db, health: HostHealth): Promise<void> {
  await db.run(
    `INSERT INTO remote_host (host, failures, failing_since, retry_at, failing_inbox) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (host) DO UPDATE SET failures = excluded.failures, retry_at = excluded.retry_at, failing_inbox = excluded.failing_inbox,
       failing_since = CASE WHEN excluded.failing_since IS NOT NULL THEN COALESCE(remote_host.failing_since, excluded.failing_since) END`,
    [health.host, health.failures, health.failingSince, health.retryAt, health.failingInbox],
  );
}

/** Remembers by which of the two specifications a host wants requests signed. */
export async function saveSignatureSpec(
  db: Db,
  { host, speaksRfc9421 }: Pick<HostHealth, 'host' | 'speaksRfc9421'>,
): Promise<void> {
  await db.run(
    `INSERT INTO remote_host (host, speaks_rfc9421) VALUES (?, ?)
     ON CONFLICT (host) DO UPDATE SET speaks_rfc9421 = excluded.speaks_rfc9421`,
    [host, speaksRfc9421],
  );
}
