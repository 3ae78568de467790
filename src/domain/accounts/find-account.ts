import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import type { Handle } from '#lib/host.ts';

/** The account that is called so, whether the name of this server is written out or not. */
export function findAccountByName(
  { db, config }: Pick<Ctx, 'db' | 'config'>,
  handle: Handle,
): Promise<Account | undefined> {
  const isOurs = handle.host === undefined || handle.host === config.host;
  return findAccountByHandle(db, handle.name, isOurs ? '' : handle.host!);
}
