/**
 * The first of `languages` in the order a browser prefers (Accept-Language, RFC 9110 section 12.5.4), compared by their primary tag:
 * `fr-CA` takes `fr`. Undefined when it wants none of them.
 */
export function negotiateLanguage<L extends string>(
  header: string | undefined,
  languages: readonly L[],
): L | undefined {
  let best: { language: L; quality: number } | undefined;
  for (const range of (header ?? '').slice(0, 500).split(',')) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const language = languages.find((known) => known === tag.split('-')[0]);
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    if (language !== undefined && quality > 0 && (!best || quality > best.quality)) best = { language, quality };
  }
  return best?.language;
}
