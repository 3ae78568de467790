import { deleteCookie, writeCookie } from '#http/cookies.ts';
import { readTyped } from '#http/form.ts';
import { localPath } from '#web/address.ts';
import { languages } from '#web/locales/index.ts';
import { seeOther } from '#web/page.ts';
import { themes, type WebContext } from '#web/site.ts';
import { LANGUAGE_COOKIE, THEME_COOKIE } from '#web/visit.ts';

const YEAR = 365 * 24 * 3_600;

/**
 * Remembers the language and the colours chosen in this browser. A form, as what is merely loaded must change nothing; without a token, as
 * the pages that hold it are the same for all and kept. What another site sends changes nothing.
 */
export async function handlePreference(http: WebContext): Promise<void> {
  const form = await readTyped(http);
  for (const [name, value, choices] of [
    [LANGUAGE_COOKIE, form?.text('language'), languages],
    [THEME_COOKIE, form?.text('theme'), themes],
  ] as const) {
    if (value === 'auto') deleteCookie(http, name);
    else if (choices.some((known) => known === value)) writeCookie(http, name, value!, { maxAge: YEAR });
  }
  seeOther(http, localPath(http, form?.text('to')) ?? '/');
}
