/** Elements at whose end a text may stop without looking torn off. */
const BLOCKS = new Set(['blockquote', 'li', 'ol', 'p', 'pre', 'ul']);

/** A rest shorter than this is not worth a click: UTF-16 units of text. */
const SHORT_REST = 200;
/** HTML that is read and kept for each unit of text: a post that is nothing but addresses is longer in them than in its text. */
const HTML_PER_TEXT = 4;

interface Cut {
  /** Where the HTML ends, and how much text that is. */
  end: number;
  text: number;
  /** Elements to close. */
  open: string[];
}

/**
 * The beginning of a long text, or undefined where it is short enough to be shown whole. Ends with a block or a line if one ends in the
 * second half of what may be shown, and between words otherwise.
 *
 * @param html as `sanitizeHtml` writes it: well nested, without a raw `<` or `>` in text and attributes
 * @param length of the text to keep, in UTF-16 units
 */
export function beginningOfHtml(html: string, length: number): string | undefined {
  const open: string[] = [];
  let text = 0;
  let block: Cut | undefined;
  let word: Cut = { end: 0, text: 0, open: [] };
  for (const { 0: token, 1: slash, 2: name, index } of html.matchAll(/<(\/?)([a-z]+)[^>]*>|[^<]+/g)) {
    const end = index + token.length;
    if ((name === undefined ? index : end) > length * HTML_PER_TEXT || text > length + SHORT_REST) break;
    if (name === undefined) {
      // A link is kept whole or not at all.
      if (text <= length && !open.includes('a')) word = cutText({ token, index, text, room: length - text, open });
      text += token.length;
    } else if (slash === '/') {
      open.pop();
      if (BLOCKS.has(name) && text <= length) block = { end, text, open: [...open] };
    } else if (name !== 'br') open.push(name);
    else if (text <= length) block = { end: index, text, open: [...open] };
  }
  if (html.length <= length * HTML_PER_TEXT && text <= length + SHORT_REST) return undefined;
  return block && block.text >= length / 2
    ? finish(html, block, '')
    : finish(html, word, /[.!?…]\s*$/.test(html.slice(0, word.end)) ? '\u00a0…' : '…');
}

function cutText(piece: { token: string; index: number; text: number; room: number; open: string[] }): Cut {
  const { token, index, text, room, open } = piece;
  let size = token.length;
  if (size > room) {
    const shown = token.slice(0, room);
    // Between words, where there are spaces; never within a character reference or a surrogate pair.
    const between = Math.max(shown.lastIndexOf(' '), shown.lastIndexOf('\n'), room - 40, 0);
    size = shown.slice(0, between).replace(/&[a-z#\d]*$|[\ud800-\udbff]$/, '').length;
  }
  return { end: index + size, text: text + size, open: [...open] };
}

function finish(html: string, { end, open }: Cut, ellipsis: string): string {
  const closing = open.toReversed().map((name) => `</${name}>`);
  return `${html.slice(0, end).trimEnd()}${ellipsis}${closing.join('')}`;
}
