import { type Ctx, inTransaction } from '#context.ts';
import { type Account, usernameProblem } from '#domain/accounts/account.ts';
import { findAccountByHandle, getAccount, insertAccount } from '#domain/accounts/account-store.ts';
import { insertKey } from '#domain/accounts/key-store.ts';
import { generateKeys } from '#domain/accounts/keys.ts';
import { localProfile } from '#domain/accounts/local-profile.ts';
import { Conflict, Invalid } from '#domain/errors.ts';
import { hashPassword } from '#domain/sign-in/password.ts';
import { isEmail, passwordProblem, type UserRole } from '#domain/sign-in/user.ts';
import { insertUser, isEmailTaken } from '#domain/sign-in/user-store.ts';

export interface NewUser {
  username: string;
  email: string;
  password: string;
  role: UserRole;
  locale?: string;
}

/**
 * Creates a local account and the user who signs in to it.
 * `alongside` happens in the same transaction, and refuses by throwing.
 * @throws Invalid (username, email, password), Conflict when the name or the address is taken. Names of deleted accounts stay taken.
 */
export async function createUser(ctx: Ctx, input: NewUser, alongside?: (tx: Ctx) => Promise<void>): Promise<Account> {
  const email = input.email.trim();
  const problem = usernameProblem(input.username);
  if (problem) throw new Invalid('username', problem);
  if (!isEmail(email)) throw new Invalid('email', `${email || 'Nothing'} is not an e-mail address`);
  const weak = passwordProblem(input.password);
  if (weak) throw new Invalid('password', weak);
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

async function checkFree(ctx: Ctx, username: string, email: string): Promise<void> {
  if (await findAccountByHandle(ctx.db, username, '')) throw new Conflict(`The name ${username} is taken`);
  if (await isEmailTaken(ctx.db, email)) throw new Conflict(`The address ${email} is used by somebody else`);
}
