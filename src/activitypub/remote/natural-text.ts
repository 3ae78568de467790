/**
 * Texts for people, as ActivityStreams spells them: a property, a map of it by language, or both; JSON-LD has more spellings of the same, and
 * people's programs others still. Bounded like everything that strangers write.
 */
import { listOf, own, textOf } from '#activitypub/remote/fields.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';

/** Languages of one text that are looked at. */
const LANGUAGES = 50;

export interface NaturalText {
  text: string;
  /** As said, of no certain form. */
  language: string | undefined;
}

/**
 * The text of the property `name`: what stands there itself, else the first of `nameMap`; its language is the one under which the map has
 * it, or the map's first. Undefined where there is none.
 */
export function naturalTextOf(json: JsonObject, name: string): NaturalText | undefined {
  const inMap = textsOf(own(json, `${name}Map`));
  const [first] = [...textsOf(own(json, name)), ...inMap];
  if (!first) return undefined;
  const same = inMap.find(({ text }) => text === first.text);
  return { text: first.text, language: first.language ?? same?.language ?? inMap[0]?.language };
}

/** Strings, lists, `{"@value", "@language"}`, and maps of those by language. */
function textsOf(value: unknown): NaturalText[] {
  return listOf(value, LANGUAGES).flatMap((item) => {
    if (typeof item === 'string') return [{ text: item, language: undefined }];
    if (!isJsonObject(item)) return [];
    const text = textOf(own(item, '@value'));
    if (text !== undefined) return [{ text, language: textOf(own(item, '@language')) }];
    // A map has no type, and names languages.
    if (Object.hasOwn(item, 'type')) return [];
    return Object.entries(item)
      .slice(0, LANGUAGES)
      .flatMap(([language, translation]) => {
        const translated = textOf(translation);
        return translated === undefined || !/^(?:@none|[a-z]{2,8}(?:-[a-z0-9]{1,8})*)$/i.test(language)
          ? []
          : [{ text: translated, language: language === '@none' ? undefined : language }];
      });
  });
}

/** A tag of a language in its usual form; undefined for what is none, or none in particular. */
export function languageOf(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === 'und' || tag.length > 35) return undefined;
  if (/^[a-z]{2}$/.test(tag)) return tag;
  try {
    return new Intl.Locale(tag).baseName;
  } catch {
    return undefined; // A stranger's tag that is none.
  }
}
