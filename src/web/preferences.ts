import { deleteCookie, writeCookie } from '#http/cookies.ts';
import { readQuery } from '#http/query.ts';
import { localPath } from '#web/address.ts';
import { languages } from '#web/locales/index.ts';
import { seeOther } from '#web/page.ts';
import { themes, type WebContext } from '#web/site.ts';
import { LANGUAGE_COOKIE, THEME_COOKIE } from '#web/visit.ts';

const YEAR = 365 * 24 * 3_600;

/**
 * Remembers the language and the colours chosen in this browser. A link rather than a form: another site that sends somebody here changes
 * nothing but the looks, and the pages that hold it are the same for all, so that they can be kept.
 */
export function rememberPreference(http: WebContext): void {
  const query = readQuery(http);
  for (const [name, value, choices] of [
    [LANGUAGE_COOKIE, query.get('language'), languages],
    [THEME_COOKIE, query.get('theme'), themes],
  ] as const) {
    if (value === 'auto') deleteCookie(http, name);
    else if (choices.some((known) => known === value)) writeCookie(http, name, value!, { maxAge: YEAR });
  }
  seeOther(http, localPath(http, query.get('to')) ?? '/');
}
