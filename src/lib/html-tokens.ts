import { Tokenizer } from 'htmlparser2';

/** The attributes any of our readers asks for; all others are skipped without being copied. */
const ATTRIBUTES = [
  'href',
  'src',
  'alt',
  'class',
  'rel',
  'translate',
  'dir',
  'lang',
  'start',
  'reversed',
  'value',
  'encoding',
] as const;
const WANTED: ReadonlySet<string> = new Set(ATTRIBUTES);

/** Attribute values with their character references decoded. */
export type HtmlAttributes = Partial<Record<(typeof ATTRIBUTES)[number], string>>;

/** What a document is read into. Names are lower case; text has its character references decoded. */
export interface HtmlTokenHandler {
  open(name: string, attributes: HtmlAttributes): void;
  close(name: string): void;
  text(text: string): void;
}

/** Elements whose content is no prose of the author: code, controls, foreign markup, fallbacks of embedded media. */
const DROPPED_WITH_CONTENT = new Set(
  (
    'applet audio canvas form frameset head iframe math noembed noframes noscript object plaintext script ' +
    'select style svg template textarea title video xmp'
  ).split(' '),
);

/** What plays or shows something from an address of its own. */
const EMBEDDED = new Set(['audio', 'iframe', 'video']);

/** UTF-16 units of a formula's text. */
const FORMULA_LENGTH = 1_000;

/** `isSource`: whether what comes is the source in TeX; undefined where it is neither that nor shown. */
function createFormula(): { source: string; letters: string; isSource: boolean | undefined } {
  return { source: '', letters: '', isSource: false };
}

/**
 * Reads HTML as a flat sequence of tags and text, without building a tree. The content of `script`, `svg`, `form` and
 * their like never reaches the handler. What a browser would embed (films, sounds, other pages) becomes a link, and a formula its source
 * in TeX or else its letters.
 *
 * This drives the tokenizer of htmlparser2 and not its Parser: the Parser's stack of open elements makes 100,000 nested
 * or mismatched tags quadratic (security case A65), and readers with a depth limit need no such stack.
 *
 * @param maxLength in UTF-16 units; what lies beyond is ignored
 */
export function readHtmlTokens(html: string, maxLength: number, handler: HtmlTokenHandler): void {
  const source = html.slice(0, maxLength).toWellFormed().replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  let tag = '';
  let attributes: HtmlAttributes = {};
  let attribute: keyof HtmlAttributes | undefined;
  let value = '';
  let dropping = '';
  let droppingDepth = 0;
  /** Of what is dropped: where it would be loaded from, and what it says. */
  let embedded: string | undefined;
  let formula = createFormula();

  const isForeign = (name: string) => name === 'svg' || name === 'math';
  const endOpenTag = (selfClosing: boolean) => {
    if (dropping !== '') {
      if (tag === 'source') embedded ??= attributes.src;
      if (tag === 'annotation') formula.isSource = attributes.encoding === 'application/x-tex';
      else if (tag.startsWith('annotation')) formula.isSource = undefined;
      if (tag === dropping && !(selfClosing && isForeign(tag))) droppingDepth += 1;
    } else if (!DROPPED_WITH_CONTENT.has(tag)) {
      handler.open(tag, attributes);
    } else if (!(selfClosing && isForeign(tag))) {
      // Only foreign elements can close themselves: a browser reads `<script/>` as an open tag.
      dropping = tag;
      droppingDepth = 1;
      embedded = attributes.src;
      formula = createFormula();
    }
  };
  /** Says what was dropped, as far as that can be said in words. */
  const endDropped = () => {
    const name = dropping;
    dropping = '';
    if (name === 'math') {
      const words = (formula.source || formula.letters).replaceAll(/\s+/g, ' ').trim();
      if (words !== '') handler.text(words);
    } else if (EMBEDDED.has(name) && embedded !== undefined && /^https?:\/\//i.test(embedded)) {
      handler.open('div', {});
      handler.open('a', { href: embedded });
      handler.text(embedded);
      handler.close('a');
      handler.close('div');
    }
  };
  const hearDropped = (text: string) => {
    if (dropping !== 'math' || formula.isSource === undefined) return;
    if (formula.isSource) formula.source = (formula.source + text).slice(0, FORMULA_LENGTH);
    else formula.letters = (formula.letters + text).slice(0, FORMULA_LENGTH);
  };
  const ignore = () => {};

  const tokenizer = new Tokenizer(
    {},
    {
      onopentagname(start, end) {
        tag = source.slice(start, end).toLowerCase();
        attributes = {};
      },
      onattribname(start, end) {
        const name = source.slice(start, end).toLowerCase();
        attribute = WANTED.has(name) ? (name as keyof HtmlAttributes) : undefined;
        value = '';
      },
      onattribdata(start, end) {
        if (attribute !== undefined) value += source.slice(start, end);
      },
      onattribentity(codePoint) {
        if (attribute !== undefined) value += String.fromCodePoint(codePoint);
      },
      onattribend() {
        // The first of several attributes with one name counts, as in browsers.
        if (attribute !== undefined) attributes[attribute] ??= value;
      },
      onopentagend: () => endOpenTag(false),
      onselfclosingtag: () => endOpenTag(true),
      onclosetag(start, end) {
        const name = source.slice(start, end).toLowerCase();
        if (dropping === '') handler.close(name);
        else if (name === dropping && --droppingDepth === 0) endDropped();
        else if (name.startsWith('annotation')) formula.isSource = false;
      },
      ontext(start, end) {
        // htmlparser2 12.0.0 reports the text from -1 on where the document ends inside an end tag (`</a `).
        if (start < 0) return;
        if (dropping === '') handler.text(source.slice(start, end));
        else hearDropped(source.slice(start, end));
      },
      ontextentity(codePoint) {
        if (dropping === '') handler.text(String.fromCodePoint(codePoint));
        else hearDropped(String.fromCodePoint(codePoint));
      },
      isInForeignContext: () => isForeign(dropping),
      oncdata: ignore,
      oncomment: ignore,
      ondeclaration: ignore,
      onprocessinginstruction: ignore,
      onend: ignore,
    },
  );
  tokenizer.write(source);
  tokenizer.end();
}
