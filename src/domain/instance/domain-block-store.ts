import type { Db } from '#db/database.ts';

/** A domain this server has nothing to do with, subdomains included. */
export interface DomainBlock {
  /** Normalised, without port. */
  host: string;
  /** For the operator. */
  reason: string;
  createdAt: number;
}

/** In alphabetical order. */
export async function listDomainBlockRows(db: Db): Promise<DomainBlock[]> {
  return db.all<DomainBlock>('SELECT host, reason, created_at FROM domain_block ORDER BY host');
}

export async function listBlockedDomains(db: Db): Promise<string[]> {
  return (await db.all<{ host: string }>('SELECT host FROM domain_block')).map((row) => row.host);
}

/** A second block of the same domain changes the reason. */
export async function upsertDomainBlock(db: Db, block: DomainBlock): Promise<void> {
  await db.run(
    'INSERT INTO domain_block (host, reason, created_at) VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE SET reason = excluded.reason',
    [block.host, block.reason, block.createdAt],
  );
}

export async function deleteDomainBlock(db: Db, host: string): Promise<boolean> {
  return (await db.run('DELETE FROM domain_block WHERE host = ?', [host])) > 0;
}
