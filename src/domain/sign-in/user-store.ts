import type { Db } from '#db/database.ts';
import { NotFound } from '#domain/errors.ts';
import type { User, UserRole } from '#domain/sign-in/user.ts';

interface UserRow extends Omit<User, 'disabledAt'> {
  disabledAt: number | null;
  passwordHash: string;
}

const columns = 'account_id, email, role, disabled_at, created_at, password_hash';

function toUser(row: UserRow): User {
  const { passwordHash: _, ...user } = row;
  return { ...user, disabledAt: row.disabledAt ?? undefined };
}

export async function findUser(db: Db, accountId: number): Promise<User | undefined> {
  const row = await db.get<UserRow>(`SELECT ${columns} FROM "user" WHERE account_id = ?`, [accountId]);
  return row && toUser(row);
}

/** @throws NotFound */
export async function getUser(db: Db, accountId: number): Promise<User> {
  const user = await findUser(db, accountId);
  if (!user) throw new NotFound('User');
  return user;
}

/** The user with this name or e-mail address, with the password's hash. */
export async function findUserByLogin(db: Db, login: string): Promise<(User & { passwordHash: string }) | undefined> {
  const key = login.trim().toLowerCase();
  const row = await db.get<UserRow>(
    key.includes('@')
      ? `SELECT ${columns} FROM "user" WHERE email_key = ?`
      : `SELECT ${columns} FROM "user" WHERE account_id = (SELECT id FROM account WHERE username_key = ? AND host = '')`,
    [key],
  );
  return row && { ...toUser(row), passwordHash: row.passwordHash };
}

export async function isEmailTaken(db: Db, email: string): Promise<boolean> {
  return (await db.get('SELECT 1 AS taken FROM "user" WHERE email_key = ?', [email.toLowerCase()])) !== undefined;
}

export async function insertUser(db: Db, user: Omit<User, 'disabledAt'> & { passwordHash: string }): Promise<void> {
  await db.run(
    'INSERT INTO "user" (account_id, email, email_key, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    [user.accountId, user.email, user.email.toLowerCase(), user.passwordHash, user.role, user.createdAt],
  );
}

export interface ListedUser extends User {
  username: string;
}

export async function listUsers(db: Db): Promise<ListedUser[]> {
  const rows = await db.all<UserRow & { username: string }>(
    `SELECT ${columns.replaceAll('created_at', '"user".created_at')}, username
     FROM "user" JOIN account ON account.id = "user".account_id ORDER BY account_id`,
  );
  return rows.map((row) => ({ ...toUser(row), username: row.username }));
}

export async function hasOwner(db: Db): Promise<boolean> {
  return (await db.get(`SELECT 1 AS found FROM "user" WHERE role = 'owner' LIMIT 1`)) !== undefined;
}

/** Account ids of those who answer for this place. In a transaction, others that ask wait for its end. */
export async function listOwners(db: Db): Promise<number[]> {
  const rows = await db.all<{ accountId: number }>(
    `SELECT account_id FROM "user" WHERE role = 'owner' AND disabled_at IS NULL ORDER BY account_id ${db.inTransaction ? db.forUpdate : ''}`,
  );
  return rows.map((row) => row.accountId);
}

export async function updateRole(db: Db, accountId: number, role: UserRole): Promise<void> {
  await db.run('UPDATE "user" SET role = ? WHERE account_id = ?', [role, accountId]);
}

export async function updateDisabled(db: Db, accountId: number, disabledAt: number | undefined): Promise<void> {
  await db.run('UPDATE "user" SET disabled_at = ? WHERE account_id = ?', [disabledAt, accountId]);
}

export async function updatePasswordHash(db: Db, accountId: number, passwordHash: string): Promise<void> {
  await db.run('UPDATE "user" SET password_hash = ? WHERE account_id = ?', [passwordHash, accountId]);
}

export async function deleteUser(db: Db, accountId: number): Promise<void> {
  await db.run('DELETE FROM "user" WHERE account_id = ?', [accountId]);
}
