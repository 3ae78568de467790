import type { Ctx } from '#context.ts';
import {
  type AccountProfile,
  clearAccountDeletion,
  findAccountByHandle,
  findAccountByUri,
  insertAccount,
  releaseHandle,
  updateAccount,
} from '#domain/accounts/account-store.ts';
import { type AccountKey, deleteKeys, insertKey } from '#domain/accounts/key-store.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { normalizeHost } from '#lib/host.ts';

/** A remote account as its own server shows it. */
export interface ReceivedAccount {
  profile: AccountProfile;
  keys: readonly Pick<AccountKey, 'uri' | 'algorithm' | 'publicKey'>[];
  /** Whether the host of the handle confirms that it is this actor's. */
  isHandleConfirmed: boolean;
  /** Its server shows it, asked after it was deleted here. */
  isBack?: boolean;
}

/**
 * Keeps a remote account, new or refreshed, and its keys; in a transaction. Of two actors that claim one handle the one whose host confirms
 * it has it. Undefined where it is refused: deleted here, local, or under somebody else's name.
 */
export async function receiveAccount(tx: Ctx, received: ReceivedAccount): Promise<Account | undefined> {
  const profile = { ...received.profile, fetchedAt: tx.now() };
  if (isLocal(profile) || profile.host === tx.config.host) return undefined;
  const known = await findAccountByUri(tx.db, profile.uri);
  if (known && (isLocal(known) || (known.deletedAt !== undefined && received.isBack !== true))) return undefined;
  const holder = await findAccountByHandle(tx.db, profile.username, profile.host);
  if (holder && holder.uri !== profile.uri) {
    if (!received.isHandleConfirmed) return undefined;
    const host = normalizeHost(new URL(holder.uri).host) ?? holder.host;
    await releaseHandle(tx.db, holder.id, { host, version: tx.now() });
  }
  if (known?.deletedAt !== undefined) await clearAccountDeletion(tx.db, known.id);
  if (known) await updateAccount(tx.db, known.id, profile, tx.now());
  else await insertAccount(tx.db, { ...profile, id: tx.ids.next(), createdAt: tx.now() });

  const account = await findAccountByUri(tx.db, profile.uri);
  if (!account) return undefined;
  await deleteKeys(
    tx.db,
    account.id,
    received.keys.map((key) => key.uri),
  );
  for (const key of received.keys) {
    await insertKey(tx.db, { ...key, accountId: account.id, privateKey: null, fetchedAt: tx.now() });
  }
  return account;
}
