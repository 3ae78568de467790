import type { Db } from '#db/database.ts';
import { listKeys } from '#domain/accounts/key-store.ts';
import { opensKey } from '#domain/accounts/keys.ts';

/**
 * Whether `secret` belongs to this database: whether it opens the keys of the server's own account, `instance`, which are the first that
 * were sealed. With another secret the server would run, and could sign nothing.
 */
export async function isSecretOf(db: Db, secret: Buffer, instance: { id: number }): Promise<boolean> {
  const keys = await listKeys(db, instance.id);
  return keys.every(({ privateKey }) => privateKey === null || opensKey(secret, privateKey));
}
