import { type Ctx, inTransaction } from '#context.ts';
import { type Account, usernameProblem } from '#domain/accounts/account.ts';
import { findAccountByHandle, getAccount, insertAccount } from '#domain/accounts/account-store.ts';
import { insertKey } from '#domain/accounts/key-store.ts';
import { generateKeys } from '#domain/accounts/keys.ts';
import { localProfile } from '#domain/accounts/local-profile.ts';
import { checkAll, Conflict, Invalid } from '#domain/errors.ts';
import { hashPassword } from '#domain/sign-in/password.ts';
import { passwordProblem, type UserRole } from '#domain/sign-in/user.ts';
import { insertUser, isEmailTaken } from '#domain/sign-in/user-store.ts';
import { isEmail } from '#lib/email.ts';

export interface NewUser {
  username: string;
  email: string;
  password: string;
  role: UserRole;
}

/**
 * Creates a local account and the user who signs in to it.
 * `alongside` happens in the same transaction, and refuses by throwing.
 * @throws Invalid (username, email, password), Conflict when the name or the address is taken. Names of deleted accounts stay taken.
 */
export async function createUser(ctx: Ctx, input: NewUser, alongside?: (tx: Ctx) => Promise<void>): Promise<Account> {
  const email = input.email.trim();
  await checkAll(
    () => refuse('username', usernameProblem(input.username)),
    () => refuse('email', isEmail(email) ? undefined : `${email || 'Nothing'} is not an e-mail address`),
    () => refuse('password', passwordProblem(input.password, [input.username, input.email, ctx.config.host])),
  );
  await checkFree(ctx, input.username, email);

  const id = ctx.ids.next();
  const [passwordHash, keys] = await Promise.all([hashPassword(input.password), generateKeys(ctx, id)]);
  return inTransaction(ctx, async (tx) => {
    await alongside?.(tx);
    await checkFree(tx, input.username, email);
    await insertAccount(tx.db, { ...localProfile(ctx, id, input.username), kind: 'person', id, createdAt: ctx.now() });
    for (const key of keys) await insertKey(tx.db, key);
    await insertUser(tx.db, { ...input, accountId: id, email, passwordHash, createdAt: ctx.now() });
    return getAccount(tx.db, id);
  });
}

function refuse(field: string, problem: string | undefined): void {
  if (problem !== undefined) throw new Invalid(field, problem);
}

async function checkFree(ctx: Ctx, username: string, email: string): Promise<void> {
  if (await findAccountByHandle(ctx.db, username, '')) throw new Conflict(`The name ${username} is taken`, 'username');
  if (await isEmailTaken(ctx.db, email)) throw new Conflict(`The address ${email} is used by somebody else`, 'email');
}
