import type { HtmlAttributes } from '#lib/html-tokens.ts';

/** Classes that clients understand: microformats of mentions and hashtags, and the fallback link of a quote. */
const CLASSES = new Set(['mention', 'u-url', 'h-card', 'hashtag', 'quote-inline']);
const DIRECTIONS = new Set(['ltr', 'rtl', 'auto']);
const LANGUAGE_TAG = /^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,4}$/i;
const INTEGER = /^-?\d{1,9}$/;

/** The attributes an element keeps, with a space before each. That of links without `href`, `rel` and `target`. */
export function keptAttributes(name: string, attributes: HtmlAttributes, place: 'in-link' | 'outside'): string {
  switch (name) {
    case 'a':
      return classAttribute(keptClasses(attributes)) + translateAttribute(attributes);
    case 'span': {
      // Hidden text outside a link has no use that is honest.
      const shortening = place === 'in-link' ? shorteningClass(attributes) : undefined;
      return (
        classAttribute(shortening ?? keptClasses(attributes)) +
        translateAttribute(attributes) +
        languageAttributes(attributes)
      );
    }
    case 'p':
      return classAttribute(keptClasses(attributes)) + languageAttributes(attributes);
    case 'bdi':
    case 'blockquote':
      return languageAttributes(attributes);
    case 'ol':
      return numberAttribute('start', attributes.start) + (attributes.reversed === undefined ? '' : ' reversed');
    case 'li':
      return numberAttribute('value', attributes.value);
    default:
      return '';
  }
}

/** What Mastodon's shortened links mark their parts with. */
export function shorteningClass({ class: value }: HtmlAttributes): 'invisible' | 'ellipsis' | undefined {
  if (value === undefined) return undefined;
  const classes = value.split(/\s+/);
  return classes.includes('invisible') ? 'invisible' : classes.includes('ellipsis') ? 'ellipsis' : undefined;
}

function keptClasses({ class: value }: HtmlAttributes): string {
  if (value === undefined) return '';
  return [...new Set(value.split(/\s+/))].filter((name) => CLASSES.has(name)).join(' ');
}

function classAttribute(classes: string): string {
  return classes === '' ? '' : ` class="${classes}"`;
}

function translateAttribute({ translate }: HtmlAttributes): string {
  return translate === 'no' ? ' translate="no"' : '';
}

function languageAttributes({ dir, lang }: HtmlAttributes): string {
  return (
    (dir !== undefined && DIRECTIONS.has(dir) ? ` dir="${dir}"` : '') +
    (lang !== undefined && LANGUAGE_TAG.test(lang) ? ` lang="${lang}"` : '')
  );
}

function numberAttribute(name: string, value: string | undefined): string {
  return value !== undefined && INTEGER.test(value) ? ` ${name}="${value}"` : '';
}
