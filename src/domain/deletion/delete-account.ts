import { type Ctx, inTransaction } from '#context.ts';
import { isInstanceActor } from '#domain/accounts/account.ts';
import { getAccount, markAccountDeleted } from '#domain/accounts/account-store.ts';
import { NotAllowed } from '#domain/errors.ts';
import { endAccess, keepAnOwner } from '#domain/sign-in/manage-user.ts';
import { deleteUser, findUser } from '#domain/sign-in/user-store.ts';

/**
 * Deletes an account, local or remote: it disappears at once, and what it left batch by batch (`eraseAccount`). Its name is never given away again. Twice changes
 * nothing. @throws NotFound, NotAllowed for the last owner and for the server's own account.
 */
export async function deleteAccount(ctx: Ctx, accountId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const account = await getAccount(tx.db, accountId);
    if (isInstanceActor(account)) throw new NotAllowed('The server itself cannot be deleted');
    if (await findUser(tx.db, accountId)) {
      await keepAnOwner(tx, accountId);
      await endAccess(tx, accountId);
      await deleteUser(tx.db, accountId);
    }
    await markAccountDeleted(tx.db, accountId, tx.now());
    await tx.emit({ type: 'account.deleted', accountId });
  });
}
