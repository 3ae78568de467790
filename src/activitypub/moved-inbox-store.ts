import type { Db } from '#db/database.ts';
import type { Account } from '#domain/accounts/account.ts';

/**
 * What one account says of the inbox it shares holds for all that share it: those of its host, as handles have it, and of its origin, which
 * shares only what is its own.
 */
export async function replaceSharedInbox(
  db: Db,
  account: Pick<Account, 'id' | 'host' | 'sharedInbox'>,
  formerly: string,
): Promise<void> {
  await db.run(
    `UPDATE account SET shared_inbox = ? WHERE host = ? AND shared_inbox = ?
       AND delivery_host = (SELECT told.delivery_host FROM account AS told WHERE told.id = ?)`,
    [account.sharedInbox, account.host, formerly, account.id],
  );
}

/**
 * Addresses anew what waits for an inbox that `accountId` named, and makes it due: for one that is shared each delivery to where the account
 * for which it was written is reached now, so that nobody has others' post brought to themselves; for a personal one its own. What is under
 * way goes there if it fails. Returns how many.
 */
export async function readdress(
  db: Db,
  { accountId, from, isShared, now }: { accountId: number; from: string; isShared: boolean; now: number },
): Promise<number> {
  const inbox = isShared ? 'COALESCE(account.shared_inbox, account.inbox)' : 'account.inbox';
  return db.run(
    `UPDATE delivery SET inbox = (SELECT ${inbox} FROM account WHERE account.id = delivery.account_id),
       due = CASE WHEN leased_by IS NULL THEN CAST(? AS BIGINT) ELSE due END
     WHERE host = (SELECT delivery_host FROM account WHERE id = ?) AND inbox = ? ${isShared ? '' : 'AND account_id = ?'}
       AND EXISTS (SELECT 1 FROM account WHERE account.id = delivery.account_id AND account.deleted_at IS NULL AND ${inbox} <> ?)`,
    [now, accountId, from, ...(isShared ? [] : [accountId]), from],
  );
}
