import { type Db, list } from '#db/database.ts';

/** A public key of an account, with the private one if it is local. */
export interface AccountKey {
  /** Key id as it stands in signatures. */
  uri: string;
  accountId: number;
  algorithm: KeyAlgorithm;
  /** SPKI, PEM. */
  publicKey: string;
  /** Sealed PKCS#8; null for remote accounts. */
  privateKey: Buffer | null;
  fetchedAt: number;
}

export type KeyAlgorithm = 'rsa' | 'ed25519';

const keyColumns = 'uri, account_id, algorithm, public_key, private_key, fetched_at';

export async function insertKey(db: Db, key: AccountKey): Promise<void> {
  await db.run(
    `INSERT INTO account_key (${keyColumns}) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (uri) DO UPDATE SET public_key = excluded.public_key, algorithm = excluded.algorithm, fetched_at = excluded.fetched_at
     WHERE account_key.account_id = excluded.account_id`,
    [key.uri, key.accountId, key.algorithm, key.publicKey, key.privateKey, key.fetchedAt],
  );
}

export async function findKey(db: Db, uri: string): Promise<AccountKey | undefined> {
  return db.get<AccountKey>(`SELECT ${keyColumns} FROM account_key WHERE uri = ?`, [uri]);
}

export async function listKeys(db: Db, accountId: number): Promise<AccountKey[]> {
  return db.all<AccountKey>(`SELECT ${keyColumns} FROM account_key WHERE account_id = ? ORDER BY algorithm DESC`, [
    accountId,
  ]);
}

export async function deleteKeys(db: Db, accountId: number, except: readonly string[] = []): Promise<void> {
  const kept = list(except.length > 0 ? except : ['']);
  await db.run(`DELETE FROM account_key WHERE account_id = ? AND NOT uri ${kept.sql}`, [accountId, ...kept.values]);
}
