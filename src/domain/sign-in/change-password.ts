import { type Ctx, inTransaction } from '#context.ts';
import { Invalid } from '#domain/errors.ts';
import { endAccess } from '#domain/sign-in/manage-user.ts';
import { hashPassword } from '#domain/sign-in/password.ts';
import { passwordProblem } from '#domain/sign-in/user.ts';
import { getUser, updatePasswordHash } from '#domain/sign-in/user-store.ts';

/** Gives a user another password and signs them out everywhere: whoever had the old one is out. @throws NotFound, Invalid. */
export async function changePassword(ctx: Ctx, accountId: number, password: string): Promise<void> {
  const weak = passwordProblem(password);
  if (weak) throw new Invalid('password', weak);
  const passwordHash = await hashPassword(password);
  await inTransaction(ctx, async (tx) => {
    await getUser(tx.db, accountId);
    await updatePasswordHash(tx.db, accountId, passwordHash);
    await endAccess(tx, accountId);
  });
}
