import type { Db } from '#db/database.ts';

/** What waits for one server, and how it has been answering, for the operator. */
export interface HostQueue {
  host: string;
  waiting: number;
  /** Of them, failed at least once. */
  retrying: number;
  lastError: string | undefined;
  /** Epoch ms; undefined while it answers. */
  failingSince: number | undefined;
}

/** Servers with deliveries, those with the most first. */
export async function listHostQueues(db: Db, limit: number): Promise<HostQueue[]> {
  const rows = await db.all<
    Omit<HostQueue, 'lastError' | 'failingSince'> & { lastError: string | null; failingSince: number | null }
  >(
    `SELECT delivery.host, count(*) AS waiting, count(CASE WHEN attempt > 0 THEN 1 END) AS retrying, max(last_error) AS last_error,
       max(remote_host.failing_since) AS failing_since
     FROM delivery LEFT JOIN remote_host ON remote_host.host = delivery.host
     GROUP BY delivery.host ORDER BY waiting DESC, delivery.host LIMIT ?`,
    [limit],
  );
  return rows.map((row) => ({
    ...row,
    lastError: row.lastError ?? undefined,
    failingSince: row.failingSince ?? undefined,
  }));
}
