import { isGuessable } from '#domain/sign-in/weak-password.ts';

/** Somebody who signs in here: the private side of a local account, with the same id. */
export interface User {
  accountId: number;
  email: string;
  role: UserRole;
  disabledAt: number | undefined;
  createdAt: number;
}

/** From most to least powerful. */
export const userRoles = ['owner', 'admin', 'moderator', 'user'] as const;
export type UserRole = (typeof userRoles)[number];

/** Whether `role` includes what `needed` may do. */
export function hasRole(role: UserRole, needed: UserRole): boolean {
  return userRoles.indexOf(role) <= userRoles.indexOf(needed);
}

export const PASSWORD_MINIMUM = 8;
/** Longer ones are refused rather than cut: argon2 would happily hash a novel for anyone who asks. */
export const PASSWORD_MAXIMUM = 256;

/** @param about what is known of the account, which makes no password */
export function passwordProblem(password: string, about: readonly string[] = []): string | undefined {
  if (password.length < PASSWORD_MINIMUM) return `A password has at least ${PASSWORD_MINIMUM} characters`;
  if (password.length > PASSWORD_MAXIMUM) return `A password has at most ${PASSWORD_MAXIMUM} characters`;
  return isGuessable(password, about)
    ? 'This password is among the first that anybody would try: choose another one'
    : undefined;
}
