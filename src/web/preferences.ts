import { cookieName, writeCookie } from '#http/cookies.ts';
import { languages } from '#web/locales/index.ts';
import { localPath, seeOther } from '#web/page.ts';
import { themes, type WebContext } from '#web/site.ts';
import { LANGUAGE_COOKIE, THEME_COOKIE } from '#web/visit.ts';

const YEAR = 365 * 24 * 3_600;

/**
 * Remembers the language and the colours chosen in this browser. A link rather than a form: another site that sends somebody here changes
 * nothing but the looks, and the pages that hold it are the same for all, so that they can be kept.
 */
export function rememberPreference(http: WebContext): void {
  const { language, theme, to } = http.query;
  const secure = http.state.ctx.config.origin.startsWith('https:');
  for (const [name, value, choices] of [
    [LANGUAGE_COOKIE, language, languages],
    [THEME_COOKIE, theme, themes],
  ] as const) {
    const choice = choices.find((known) => known === value);
    if (choice !== undefined) writeCookie(http.res, cookieName(name, secure), choice, { secure, maxAge: YEAR });
  }
  seeOther(http, localPath(http, typeof to === 'string' ? to : undefined) ?? '/');
}
