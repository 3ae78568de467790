import { Tokenizer } from 'htmlparser2';

/** The attributes any of our readers asks for; all others are skipped without being copied. */
const ATTRIBUTES = ['href', 'class', 'rel', 'translate', 'dir', 'lang', 'start', 'reversed', 'value'] as const;
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
    'applet audio button canvas form frameset head iframe math noembed noframes noscript object plaintext script ' +
    'select style svg template textarea title video xmp'
  ).split(' '),
);

/**
 * Reads HTML as a flat sequence of tags and text, without building a tree. The content of `script`, `svg`, `form` and
 * their like never reaches the handler.
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

  const isForeign = (name: string) => name === 'svg' || name === 'math';
  const endOpenTag = (selfClosing: boolean) => {
    if (dropping !== '') {
      if (tag === dropping && !(selfClosing && isForeign(tag))) droppingDepth += 1;
    } else if (!DROPPED_WITH_CONTENT.has(tag)) {
      handler.open(tag, attributes);
    } else if (!(selfClosing && isForeign(tag))) {
      // Only foreign elements can close themselves: a browser reads `<script/>` as an open tag.
      dropping = tag;
      droppingDepth = 1;
    }
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
        else if (name === dropping && --droppingDepth === 0) dropping = '';
      },
      ontext(start, end) {
        // htmlparser2 12.0.0 reports the text from -1 on where the document ends inside an end tag (`</a `).
        if (dropping === '' && start >= 0) handler.text(source.slice(start, end));
      },
      ontextentity(codePoint) {
        if (dropping === '') handler.text(String.fromCodePoint(codePoint));
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
