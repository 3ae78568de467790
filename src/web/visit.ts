import { findAccount } from '#domain/accounts/account-store.ts';
import { defaultSettings, getSettings } from '#domain/instance/settings.ts';
import { readCookie } from '#http/cookies.ts';
import { negotiateLanguage } from '#http/language.ts';
import { readSession } from '#http/session.ts';
import { catalogues, formatters, type Language, languages } from '#web/locales/index.ts';
import { type Theme, themes, type Visit, type WebContext } from '#web/site.ts';

export const LANGUAGE_COOKIE = 'parvis-language';
export const THEME_COOKIE = 'parvis-theme';

/** A choice kept in a cookie; undefined where it is none of those there are. */
function chosen<T extends string>(http: WebContext, name: string, among: readonly T[]): T | undefined {
  const value = readCookie(http, name);
  return among.find((choice) => choice === value);
}

export function themeOf(http: WebContext): Theme {
  return chosen(http, THEME_COOKIE, themes) ?? 'auto';
}

export function languageChoiceOf(http: WebContext): Language | 'auto' {
  return chosen(http, LANGUAGE_COOKIE, languages) ?? 'auto';
}

/** The language chosen in this browser, else what the browser asks for. */
export function languageOf(http: WebContext): Language {
  return (
    chosen(http, LANGUAGE_COOKIE, languages) ??
    negotiateLanguage(http.req.headers['accept-language'], languages) ??
    'en'
  );
}

export async function readVisit(http: WebContext): Promise<Visit> {
  const { ctx } = http.state;
  const session = await readSession(http);
  const account = session && (await findAccount(ctx.db, session.user.accountId));
  return {
    ...looksOf(http),
    viewer: session && account && account.deletedAt === undefined ? { user: session.user, account } : undefined,
    settings: await getSettings(ctx),
  };
}

/** A visit as far as the request alone tells: for the page that says that the database does not answer. */
export function guessVisit(http: WebContext): Visit {
  return { ...looksOf(http), viewer: undefined, settings: defaultSettings(http.state.ctx.config) };
}

function looksOf(http: WebContext) {
  const language = languageOf(http);
  return {
    language,
    languageChoice: languageChoiceOf(http),
    t: catalogues[language],
    format: formatters[language],
    theme: themeOf(http),
  };
}
