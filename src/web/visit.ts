import { findAccount } from '#domain/accounts/account-store.ts';
import { getSettings } from '#domain/instance/settings.ts';
import { cookieName, readCookie } from '#http/cookies.ts';
import { negotiateLanguage } from '#http/language.ts';
import { readSession } from '#http/session.ts';
import { catalogues, formatters, type Language, languages } from '#web/locales/index.ts';
import { type Theme, themes, type Visit, type WebContext } from '#web/site.ts';

export const LANGUAGE_COOKIE = 'parvis-language';
export const THEME_COOKIE = 'parvis-theme';

/** A choice kept in a cookie; undefined where it is none of those there are. */
function chosen<T extends string>(http: WebContext, name: string, among: readonly T[]): T | undefined {
  const value = readCookie(http.req, cookieName(name, http.state.ctx.config.origin.startsWith('https:')));
  return among.find((choice) => choice === value);
}

export function themeOf(http: WebContext): Theme {
  return chosen(http, THEME_COOKIE, themes) ?? 'auto';
}

/** The language chosen in this browser, else the one signed-in people chose, else what the browser asks for. */
export function languageOf(http: WebContext, locale?: string): Language {
  return (
    chosen(http, LANGUAGE_COOKIE, languages) ??
    languages.find((language) => language === locale) ??
    negotiateLanguage(http.req.headers['accept-language'], languages) ??
    'en'
  );
}

export async function readVisit(http: WebContext): Promise<Visit> {
  const { ctx } = http.state;
  const session = await readSession(http);
  const account = session && (await findAccount(ctx.db, session.user.accountId));
  const language = languageOf(http, session?.user.locale);
  return {
    language,
    t: catalogues[language],
    format: formatters[language],
    theme: themeOf(http),
    viewer: session && account && account.deletedAt === undefined ? { user: session.user, account } : undefined,
    settings: await getSettings(ctx),
  };
}
