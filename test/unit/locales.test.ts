import { describe, expect, it } from 'vitest';
import { catalogues, type Language, languages } from '#web/locales/index.ts';
import { negotiateLanguage } from '#http/language.ts';

/** Every text of a catalogue; of functions, what they say of samples. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') {
    const say = value as (...input: unknown[]) => string;
    return say.length === 2
      ? [0, 1, 2, 1_000].map((n) => say(n, String(n)))
      : [say(say.name === 'level' ? 2 : 'x', 'y')];
  }
  return Object.values(value as object).flatMap(textsOf);
}

describe('catalogues', () => {
  it.each(languages)('%s says everything, and says it with typographic marks', (language: Language) => {
    for (const text of textsOf(catalogues[language])) {
      expect(text).not.toMatch(/undefined|NaN|'(?=[a-z])|\.\.\./);
    }
  });

  it('fr has its spaces: none that breaks before a double mark or inside guillemets', () => {
    for (const text of textsOf(catalogues.fr)) {
      expect(text).not.toMatch(/ [:;!?»]|« |[a-zé][;!?]/u);
      expect(text).not.toMatch(/[a-zé]:(?!\/\/)/u);
    }
  });

  it('fr counts zero and one alike, as French does', () => {
    expect(catalogues.fr.post.replyCount(0, '0')).toBe('0\u00a0réponse');
    expect(catalogues.fr.post.replyCount(2, '2')).toBe('2\u00a0réponses');
    expect(catalogues.en.post.replyCount(0, '0')).toBe('0 replies');
  });
});

describe('Accept-Language', () => {
  it.each([
    ['fr-CA,fr;q=0.9,en;q=0.5', 'fr'],
    ['en;q=0.5, fr;q=0.4', 'en'],
    ['de,fr;q=0.2', 'fr'],
    ['fr;q=0,en', 'en'],
    ['de', undefined],
    ['fr;q=x', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s asks for %s', (header, language) => {
    expect(negotiateLanguage(header, languages)).toBe(language);
  });
});
