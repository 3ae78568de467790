import { type Ctx, inTransaction } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { findAccount, getAccount, markAccountDeleted } from '#domain/accounts/account-store.ts';
import { eraseRelationships, listErasablePosts } from '#domain/accounts/erase-store.ts';
import { NotAllowed } from '#domain/errors.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { endAccess, keepAnOwner } from '#domain/sign-in/manage-user.ts';
import { deleteUser, findUser } from '#domain/sign-in/user-store.ts';

/** Posts erased in one transaction. */
const BATCH = 100;

/**
 * Deletes an account, local or remote: it disappears at once, its posts batch by batch. Its name is never given away again. Twice changes
 * nothing. @throws NotFound, NotAllowed for the last owner and for the server's own account.
 */
export async function deleteAccount(ctx: Ctx, accountId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const account = await getAccount(tx.db, accountId);
    if (account.kind === 'application' && isLocal(account)) throw new NotAllowed('The server itself cannot be deleted');
    if (await findUser(tx.db, accountId)) {
      await keepAnOwner(tx, accountId);
      await endAccess(tx, accountId);
      await deleteUser(tx.db, accountId);
    }
    await markAccountDeleted(tx.db, accountId, tx.now());
    await tx.emit({ type: 'account.deleted', accountId });
  });
}

/** Erases what a deleted account left, one batch at a time: a handler of `account.deleted`. */
export async function eraseAccount(tx: Ctx, accountId: number): Promise<void> {
  const account = await findAccount(tx.db, accountId);
  if (account?.deletedAt === undefined) return;
  const posts = await listErasablePosts(tx.db, accountId, BATCH);
  for (const id of posts) await deletePost(tx, accountId, id);
  if (posts.length === BATCH) await tx.emit({ type: 'account.erasing', accountId });
  else await eraseRelationships(tx.db, accountId, tx.now());
}
