import { extendSession, findSignedIn, SESSION_LIFETIME, signOut } from '#domain/sign-in/sign-in.ts';
import type { User } from '#domain/sign-in/user.ts';
import { deleteCookie, readCookie, writeCookie } from '#http/cookies.ts';
import type { HttpContext } from '#http/state.ts';

export interface BrowserSession {
  token: string;
  user: User;
}

const NAME = 'parvis-session';

/** The token a browser brings, whether it is worth anything or not. */
export function sessionToken(http: HttpContext): string | undefined {
  return readCookie(http, NAME);
}

/** Who is signed in in this browser. */
export async function readSession(http: HttpContext): Promise<BrowserSession | undefined> {
  const { ctx } = http.state;
  const token = sessionToken(http);
  if (token === undefined || token.length > 100) return undefined;
  const found = await findSignedIn(ctx, token);
  if (!found) return undefined;
  const isExtended = await extendSession(ctx, found.session).catch((error: unknown) => {
    // Reading goes on where nothing can be written; the next page tries again.
    ctx.log.warning('A session could not be extended: {message}', { message: String(error) });
    return false;
  });
  if (isExtended) giveToken(http, token);
  return { token, user: found.user };
}

/** Hands a new session to the browser, and ends the one it may have had: a planted session must not become somebody's. */
export async function startSession(http: HttpContext, token: string): Promise<void> {
  const former = sessionToken(http);
  if (former !== undefined) await signOut(http.state.ctx, former);
  giveToken(http, token);
}

export async function endSession(http: HttpContext): Promise<void> {
  const token = sessionToken(http);
  if (token !== undefined) await signOut(http.state.ctx, token);
  deleteCookie(http, NAME);
}

function giveToken(http: HttpContext, token: string): void {
  writeCookie(http, NAME, token, { maxAge: SESSION_LIFETIME / 1_000 });
}
