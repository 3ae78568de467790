import { type Catalogue, en } from '#web/locales/en.ts';
import { fr } from '#web/locales/fr.ts';

export type { Catalogue };

export const languages = ['en', 'fr'] as const;
export type Language = (typeof languages)[number];

export const catalogues: Record<Language, Catalogue> = { en, fr };

export interface Formatter {
  /** 15 January 2026 */
  date(time: number): string;
  /** 15 Jan 2026, 12:00 UTC. Pages are the same for all who read them, so the zone is named instead of guessed. */
  dateTime(time: number): string;
  number(n: number): string;
}

function createFormatter(language: Language): Formatter {
  const locale = language === 'en' ? 'en-GB' : language;
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
  // French counts the first of a month, and Intl does not: « 1er décembre ».
  const ordinal = (text: string) => (language === 'fr' ? text.replace(/^1(?=\s)/, '1er') : text);
  const number = new Intl.NumberFormat(locale);
  return {
    date: (time) => ordinal(date.format(time)),
    dateTime: (time) => `${ordinal(dateTime.format(time))}\u00a0UTC`,
    number: (n) => number.format(n),
  };
}

export const formatters: Record<Language, Formatter> = { en: createFormatter('en'), fr: createFormatter('fr') };
