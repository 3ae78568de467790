import { deleteCookie, readCookie, writeCookie } from '#http/cookies.ts';
import type { Catalogue } from '#web/locales/index.ts';
import type { WebContext } from '#web/site.ts';

/** What was done by a form, said once by the page that follows. */
export type Notice = keyof Catalogue['notices'];

const NAME = 'parvis-notice';
/** Seconds: a notice that no page took is stale. */
const LIFETIME = 60;

export function leaveNotice(http: WebContext, notice: Notice): void {
  writeCookie(http, NAME, notice, { maxAge: LIFETIME });
}

/** The text to show, and then never again; '' where nothing was left. */
export function takeNotice(http: WebContext): string {
  const notice = readCookie(http, NAME);
  if (notice === undefined) return '';
  deleteCookie(http, NAME);
  const { notices } = http.state.visit.t;
  return Object.hasOwn(notices, notice) ? notices[notice as Notice] : '';
}
