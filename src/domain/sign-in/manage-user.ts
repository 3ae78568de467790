import { type Ctx, inTransaction } from '#context.ts';
import { NotAllowed } from '#domain/errors.ts';
import { deleteAccessTokensOf } from '#domain/sign-in/access-token-store.ts';
import { deleteSessionsOf } from '#domain/sign-in/session-store.ts';
import type { UserRole } from '#domain/sign-in/user.ts';
import { getUser, listOwners, updateDisabled, updateRole } from '#domain/sign-in/user-store.ts';

/** Gives a user another role. @throws NotFound, NotAllowed for the last owner. */
export async function changeRole(ctx: Ctx, accountId: number, role: UserRole): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    if (role !== 'owner') await keepAnOwner(tx, accountId);
    await getUser(tx.db, accountId);
    await updateRole(tx.db, accountId, role);
  });
}

/** Signs a user out everywhere and lets nobody in again until enabled. @throws NotFound, NotAllowed for the last owner. */
export async function disableUser(ctx: Ctx, accountId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    await keepAnOwner(tx, accountId);
    await updateDisabled(tx.db, accountId, tx.now());
    await endAccess(tx, accountId);
  });
}

export async function enableUser(ctx: Ctx, accountId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    await getUser(tx.db, accountId);
    await updateDisabled(tx.db, accountId, undefined);
  });
}

/** Sessions and tokens die. */
export async function endAccess(tx: Ctx, accountId: number): Promise<void> {
  await deleteSessionsOf(tx.db, accountId);
  await deleteAccessTokensOf(tx.db, accountId);
}

/** @throws NotFound, NotAllowed when `accountId` is the only owner left. */
export async function keepAnOwner(tx: Ctx, accountId: number): Promise<void> {
  await getUser(tx.db, accountId);
  const [owner, ...others] = await listOwners(tx.db);
  if (owner === accountId && others.length === 0) {
    throw new NotAllowed('This is the only owner: make somebody else owner first');
  }
}
