/**
 * What people see of a short text that somebody chose. Unicode has letters that are nothing (the Hangul filler, the blank of Braille), and
 * marks that turn around what stands beside them.
 */

/** Embeddings, overrides, isolates and marks of direction. Without them a text still runs the way its letters do. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Whatever takes ink. Of marks alone nobody reads a name. */
const INK = /[^\p{Default_Ignorable_Code_Point}\p{White_Space}\p{C}\p{M}\u2800]/u;

/** `text` without what would turn around its surroundings, and '' where there is nothing to see. */
export function visibleText(text: string): string {
  const plain = text.replaceAll(DIRECTION, '').trim();
  return INK.test(plain) ? plain : '';
}
