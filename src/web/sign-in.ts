import { signIn } from '#domain/sign-in/sign-in.ts';
import { NotAllowed } from '#domain/errors.ts';
import { csrfToken } from '#http/csrf.ts';
import { readForm } from '#http/form.ts';
import { readQuery } from '#http/query.ts';
import { placeOf } from '#http/rate-limit.ts';
import { endSession, startSession } from '#http/session.ts';
import { backHere, localPath } from '#web/address.ts';
import { seeOther, showPage, signInPath } from '#web/page.ts';
import type { Visit, WebContext } from '#web/site.ts';

/** Whoever is signed in. @throws SignInFirst */
export function viewerOf(http: WebContext): NonNullable<Visit['viewer']> {
  const { viewer } = http.state.visit;
  if (!viewer) throw new SignInFirst();
  return viewer;
}

/** The page is for people who are signed in: they do so, and come back. */
export class SignInFirst extends NotAllowed {
  override name = 'SignInFirst';
  constructor() {
    super('Sign in first');
  }
}

export function redirectToSignIn(http: WebContext): void {
  seeOther(http, signInPath(backHere(http) ?? '/home'));
}

export function showSignIn(http: WebContext, failed?: { login: string; to: string }): void {
  const { ctx, visit } = http.state;
  const { t } = visit;
  const to = localPath(http, failed?.to ?? readQuery(http).get('to'));
  if (visit.viewer) return seeOther(http, to ?? '/home');
  showPage(http, {
    view: 'sign-in',
    title: t.signIn.title,
    status: failed ? 403 : 200,
    isRefused: failed !== undefined,
    data: {
      csrf: csrfToken(http),
      to: to ?? '',
      login: failed?.login ?? '',
      error: failed ? t.signIn.wrong : '',
      intro: to === undefined ? '' : t.signIn.first,
      note: t.signIn.elsewhere(ctx.config.host),
    },
    head: { robots: 'noindex' },
  });
}

/**
 * Tries are counted before anything is looked up, per place and per name as typed, whether there is such a name or not (A80). A name that
 * is guessed at is closed from the outside only to new sign-ins, and for ten minutes.
 */
export async function handleSignIn(http: WebContext): Promise<void> {
  const { ctx, site, clientAddress } = http.state;
  const form = await readForm(http);
  const login = form.text('login').slice(0, 300);
  const key = login.toLowerCase();
  site.limits.signInByPlace.take(placeOf(clientAddress));
  site.limits.signInByLogin.take(key);
  try {
    const { token } = await signIn(ctx, login, form.raw('password'));
    site.limits.signInByLogin.forgive(key);
    await startSession(http, token);
    seeOther(http, localPath(http, form.text('to')) ?? '/home');
  } catch (error) {
    if (!(error instanceof NotAllowed)) throw error;
    showSignIn(http, { login, to: form.text('to') });
  }
}

export async function handleSignOut(http: WebContext): Promise<void> {
  await readForm(http);
  await endSession(http);
  seeOther(http, '/');
}
