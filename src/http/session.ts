import type { Config } from '#config.ts';
import { findSignedIn, SESSION_LENGTH, signOut } from '#domain/sign-in/sign-in.ts';
import type { User } from '#domain/sign-in/user.ts';
import { cookieName, readCookie, writeCookie } from '#http/cookies.ts';
import type { HttpContext } from '#http/state.ts';

export interface BrowserSession {
  token: string;
  user: User;
}

const NAME = 'parvis-session';

function isSecure({ origin }: Pick<Config, 'origin'>): boolean {
  return origin.startsWith('https:');
}

/** The token a browser brings, whether it is worth anything or not. */
export function sessionToken({ req, state }: HttpContext): string | undefined {
  return readCookie(req, cookieName(NAME, isSecure(state.ctx.config)));
}

/** Who is signed in in this browser. */
export async function readSession(http: HttpContext): Promise<BrowserSession | undefined> {
  const token = sessionToken(http);
  const found = token === undefined || token.length > 100 ? undefined : await findSignedIn(http.state.ctx, token);
  return found && { token: token!, user: found.user };
}

/** Hands a new session to the browser, and ends the one it may have had: a planted session must not become somebody's. */
export async function startSession(http: HttpContext, token: string): Promise<void> {
  const former = sessionToken(http);
  if (former !== undefined) await signOut(http.state.ctx, former);
  const secure = isSecure(http.state.ctx.config);
  writeCookie(http.res, cookieName(NAME, secure), token, { secure, maxAge: SESSION_LENGTH / 1_000 });
}

export async function endSession(http: HttpContext): Promise<void> {
  const token = sessionToken(http);
  if (token !== undefined) await signOut(http.state.ctx, token);
  const secure = isSecure(http.state.ctx.config);
  writeCookie(http.res, cookieName(NAME, secure), '', { secure, maxAge: 0 });
}
