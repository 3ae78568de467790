import { type Ctx, inTransaction } from '#context.ts';
import { NotAllowed } from '#domain/errors.ts';
import { verifyPassword } from '#domain/sign-in/password.ts';
import { hashToken, newToken } from '#domain/sign-in/secret-token.ts';
import {
  deleteSession,
  findSession,
  insertSession,
  type Session,
  updateSessionEnd,
} from '#domain/sign-in/session-store.ts';
import { PASSWORD_MAXIMUM, type User } from '#domain/sign-in/user.ts';
import { findUser, findUserByLogin } from '#domain/sign-in/user-store.ts';

const DAY = 24 * 3_600_000;
/** How long one stays signed in without coming back (milliseconds). */
export const SESSION_LIFETIME = 30 * DAY;

export interface SignedIn {
  user: User;
  /** For the cookie: the only copy. */
  token: string;
}

/**
 * Opens a session for whoever knows the password of `login` (a name or an e-mail address).
 * @throws NotAllowed, with the same words and after the same work whether the name, the password or the permission is missing.
 */
export async function signIn(ctx: Ctx, login: string, password: string): Promise<SignedIn> {
  const found = await findUserByLogin(ctx.db, login);
  const isRight = password.length <= PASSWORD_MAXIMUM && (await verifyPassword(password, found?.passwordHash));
  return inTransaction(ctx, async (tx) => {
    // Asked again, as the work took a while: whoever is being kept out by a new password must not slip in meanwhile.
    const present = isRight ? await findUserByLogin(tx.db, login) : undefined;
    if (!present || present.passwordHash !== found?.passwordHash || present.disabledAt !== undefined)
      throw new NotAllowed('The name or the password is wrong');
    const { passwordHash: _, ...user } = present;
    return { user, token: await openSession(tx, user.accountId) };
  });
}

/** Opens a session without a password: the owner's link, and whatever else has proved who it is. Returns the token. */
export async function openSession(ctx: Ctx, accountId: number): Promise<string> {
  const token = newToken();
  const session = {
    tokenHash: hashToken(token),
    accountId,
    createdAt: ctx.now(),
    expiresAt: ctx.now() + SESSION_LIFETIME,
  };
  await inTransaction(ctx, (tx) => insertSession(tx.db, session));
  return token;
}

/** The session and user behind a cookie's token; undefined when it is over, unknown, or its user disabled. */
export async function findSignedIn(ctx: Ctx, token: string): Promise<{ session: Session; user: User } | undefined> {
  const session = await findSession(ctx.db, hashToken(token), ctx.now());
  const user = session && (await findUser(ctx.db, session.accountId));
  return session && user && { session, user };
}

/** Lets a session that is used begin its time anew, which is written at most once a day. Returns whether it was. */
export async function extendSession(ctx: Ctx, { tokenHash, expiresAt }: Session): Promise<boolean> {
  const end = ctx.now() + SESSION_LIFETIME;
  return end - expiresAt >= DAY && inTransaction(ctx, (tx) => updateSessionEnd(tx.db, tokenHash, end));
}

export async function signOut(ctx: Ctx, token: string): Promise<void> {
  await inTransaction(ctx, (tx) => deleteSession(tx.db, hashToken(token)));
}
