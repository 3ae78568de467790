import { keptAttributes, shorteningClass } from '#lib/html-attributes.ts';
import { type LinkTarget, namesAnotherHost, readLinkTarget, spellsTarget } from '#lib/html-link.ts';
import { type HtmlAttributes, readHtmlTokens } from '#lib/html-tokens.ts';

/** Longest HTML that is read, in UTF-16 units; a post of a server that means well is a hundredth of it. */
const MAX_LENGTH = 256 * 1024;
/** Deepest nesting that is kept: deeper tags are dropped and their text stays. */
const MAX_DEPTH = 32;
/** Room for the end tags of MAX_DEPTH elements, so that a full document can always be closed. */
const END_TAGS_LENGTH = 512;

const BLOCKS = new Set(['blockquote', 'li', 'ol', 'p', 'pre', 'ul']);
const INLINE = new Set('a b bdi code del em i rp rt ruby s span strong sub sup u'.split(' '));
const HEADING = /^h[1-6]$/;
/** Old names of what is kept. */
const RENAMED = new Map([['strike', 's']]);
/** UTF-16 units of what stands for a picture. */
const ALT_LENGTH = 1_500;
/** Block elements that are not kept: a line break stays where one of them separated text from text. */
const LINE_BREAKING = new Set(
  (
    'address article aside body caption center dd details dir div dl dt fieldset figcaption figure footer header hr ' +
    'legend main menu nav section summary table tbody tfoot thead tr'
  ).split(' '),
);

/** Spans of Mastodon's shortened links. The pattern can only meet our own tags: text never holds a raw `<`. */
const SHORTENING_SPAN = /<span class="(?:invisible|ellipsis)"/g;
/** An ellipsis that does not end the visible part: `bank.example….evil.example`. */
const INNER_ELLIPSIS = /<span class="ellipsis"[^>]*>[^<]*<(?!\/span>(?:$|<span class="invisible"))/;

/** Control characters, and code points that are no characters: neither has a place in text, and XML refuses them. */
const FORBIDDEN = /[[\p{Cc}\p{Noncharacter_Code_Point}]--[\t\n]]/gv;
const NEEDS_CARE = /[[&<>\p{Cc}\p{Noncharacter_Code_Point}]--[\t\n]]/v;

/** A link being written. Whether its text is honest can only be said at its end. */
interface OpenLink {
  target: LinkTarget;
  tag: string;
  /** The output before the link. */
  before: string;
  /** The text as Mastodon's classes divide it: hidden start, visible middle, hidden rest. */
  parts: [start: string, middle: string, rest: string];
  text: string;
}

interface Writer {
  html: string;
  /** Names of the open elements, outermost first. */
  open: string[];
  link: OpenLink | undefined;
  /** Index in `open` of the outermost `invisible` span. */
  hiddenAt: number | undefined;
  /** Whether the current line has text, and what an element that was not kept left to separate it from more. */
  hasText: boolean;
  due: '' | ' ' | '<br>';
  /** Quotations that are open. */
  quotes: number;
  limit: number;
  ownOrigin: string;
  /** The limit was reached: nothing more is written but end tags. */
  isFull: boolean;
}

/** Escapes text for use in an HTML element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/**
 * Makes HTML of a stranger safe to show: an allow-list of the elements and attributes a post may hold. Other tags go and
 * their text stays, except what is no prose (scripts, styles, forms, foreign markup). Links get
 * `rel="nofollow noopener noreferrer"` and never show another host than the one they lead to.
 *
 * It is safe by the way it writes, whatever the tokenizer makes of its input: every tag is composed here from known
 * names and escaped values, and all text is escaped. As the output has no foreign, raw-text or template elements and
 * nests as the HTML parser would nest it, a browser reads back the same tree (no mutation XSS).
 *
 * Idempotent: `sanitizeHtml(sanitizeHtml(x)) === sanitizeHtml(x)`.
 *
 * @param options.maxLength in UTF-16 units (256 Ki): more input is ignored, and the output is never longer
 * @param options.ownOrigin of the pages that show it: links there become paths, which open in the same tab and are no stranger's. What
 * comes out is for these pages only: sanitised again, it loses such links.
 */
export function sanitizeHtml(html: string, options: { maxLength?: number; ownOrigin?: string } = {}): string {
  const maxLength = options.maxLength ?? MAX_LENGTH;
  const writer: Writer = {
    html: '',
    open: [],
    link: undefined,
    hiddenAt: undefined,
    hasText: false,
    due: '',
    quotes: 0,
    limit: maxLength - END_TAGS_LENGTH,
    ownOrigin: options.ownOrigin ?? '',
    isFull: false,
  };
  readHtmlTokens(html, maxLength, {
    open: (name, attributes) => openElement(writer, name, attributes),
    close: (name) => closeElement(writer, name),
    text: (text) => writeText(writer, text),
  });
  closeFrom(writer, 0);
  return writer.html;
}

/**
 * The text of HTML, for previews, search and feed titles: character references decoded, white space collapsed, a line
 * break for `br` and between list items, an empty line between paragraphs.
 */
export function htmlToText(html: string): string {
  const gaps = ['', ' ', '\n', '\n\n'] as const;
  let text = '';
  /** Index of the gap due before more text. */
  let gap = 0;
  let preDepth = 0;
  const separate = (name: string) => {
    if (name === 'br') gap = gap < 2 ? 2 : 3;
    else if (name === 'p' || name === 'pre' || name === 'blockquote' || HEADING.test(name)) gap = 3;
    else if (BLOCKS.has(name) || LINE_BREAKING.has(name)) gap = Math.max(gap, 2);
    else if (name === 'td' || name === 'th') gap = Math.max(gap, 1);
  };
  const append = (words: string) => {
    text += text === '' ? words : gaps[gap] + words;
    gap = 0;
  };
  readHtmlTokens(html, MAX_LENGTH, {
    open(name) {
      separate(name);
      if (name === 'pre') preDepth += 1;
    },
    close(name) {
      if (name !== 'br') separate(name);
      if (name === 'pre') preDepth = Math.max(0, preDepth - 1);
    },
    text(chunk) {
      const clean = chunk.replace(FORBIDDEN, '');
      if (clean === '') return;
      if (preDepth > 0) return append(clean);
      const words = clean.replaceAll(/[ \t\n\u00a0]+/g, ' ');
      if (words.startsWith(' ')) gap = Math.max(gap, 1);
      if (words !== ' ') append(words.replaceAll(/^ | $/g, ''));
      if (words.endsWith(' ')) gap = Math.max(gap, 1);
    },
  });
  return text.trim();
}

function openElement(writer: Writer, written: string, attributes: HtmlAttributes): void {
  const name = RENAMED.get(written) ?? written;
  if (name === 'br') writeLineBreak(writer);
  else if (name === 'a') openLink(writer, attributes);
  else if (name === 'img') writePicture(writer, attributes);
  else if (name === 'q') {
    writer.quotes += 1;
    writeText(writer, '“');
  } else if (HEADING.test(name)) {
    // As Mastodon does: a heading of a post is no heading of the page that shows it.
    if (openBlock(writer, 'p', {})) push(writer, 'strong', '<strong>');
  } else if (name === 'li') openListItem(writer, attributes);
  else if (BLOCKS.has(name)) openBlock(writer, name, attributes);
  else if (name === 'rt' || name === 'rp') openRubyText(writer, name);
  else if (INLINE.has(name)) {
    const isHidden = writer.link !== undefined && name === 'span' && shorteningClass(attributes) === 'invisible';
    const isOpen = push(
      writer,
      name,
      `<${name}${keptAttributes(name, attributes, writer.link ? 'in-link' : 'outside')}>`,
    );
    if (isOpen && isHidden) writer.hiddenAt ??= writer.open.length - 1;
  } else separateText(writer, name);
}

function closeElement(writer: Writer, name: string): void {
  if (name === 'q') return closeQuote(writer);
  const wanted = HEADING.test(name) ? 'p' : (RENAMED.get(name) ?? name);
  const isBlock = BLOCKS.has(wanted);
  if (!isBlock && !INLINE.has(wanted)) return separateText(writer, wanted);
  for (let index = writer.open.length - 1; index >= 0; index -= 1) {
    const at = writer.open[index]!;
    if (at === wanted) return closeFrom(writer, index);
    // `</b>` does not end a paragraph, nor `</li>` an inner list.
    if (wanted === 'li' ? at === 'ul' || at === 'ol' : !isBlock && wanted !== 'a' && BLOCKS.has(at)) return;
  }
}

function closeQuote(writer: Writer): void {
  if (writer.quotes === 0) return;
  writer.quotes -= 1;
  writeText(writer, '”');
}

/** A picture in a text is not loaded: what its author says instead of it stands there, and leads to it. Emoji are their own words. */
function writePicture(writer: Writer, { alt = '', src = '', class: classes = '' }: HtmlAttributes): void {
  const words = alt.slice(0, ALT_LENGTH).toWellFormed().trim();
  if (words === '') return;
  const isEmoji = /\bemoji/i.test(classes) || /^(?::[\w+-]+:|[\p{Emoji}\p{Emoji_Component}]+)$/u.test(words);
  const isLink = writer.link === undefined && !isEmoji && /^https?:\/\//i.test(src);
  const depth = writer.open.length;
  if (isLink) openLink(writer, { href: src });
  writeText(writer, words);
  if (isLink) closeFrom(writer, depth);
}

function writeText(writer: Writer, text: string): void {
  if (writer.isFull) return;
  const isBlank = !/\S/.test(text);
  if (writer.due !== '') {
    if (isBlank) return;
    const { due } = writer;
    endLine(writer);
    if (due === '<br>') writeLineBreak(writer);
    else writeText(writer, due);
  }
  if (!isBlank) writer.hasText = true;
  if (writer.link) addLinkText(writer, writer.link, text.replace(FORBIDDEN, ''));
  const escaped = escapeText(text);
  const room = writer.limit - lengthOf(writer);
  if (escaped.length <= room) writer.html += escaped;
  else {
    // Neither half a character reference nor half a surrogate pair.
    writer.html += escaped.slice(0, Math.max(0, room)).replace(/&[a-z]*$|[\ud800-\udbff]$/, '');
    writer.isFull = true;
  }
}

function writeLineBreak(writer: Writer): void {
  if (!write(writer, '<br>')) return;
  endLine(writer);
  if (writer.link) addLinkText(writer, writer.link, '\n');
}

function endLine(writer: Writer): void {
  writer.hasText = false;
  writer.due = '';
}

/** An element that is not kept began or ended here. */
function separateText(writer: Writer, name: string): void {
  if (!writer.hasText) return;
  if (LINE_BREAKING.has(name)) writer.due = '<br>';
  else if (name === 'td' || name === 'th') writer.due ||= ' ';
}

function openBlock(writer: Writer, name: string, attributes: HtmlAttributes): boolean {
  // A paragraph holds no blocks: a browser would end it here too.
  const paragraph = writer.open.lastIndexOf('p');
  if (paragraph !== -1) closeFrom(writer, paragraph);
  endLine(writer);
  return push(writer, name, `<${name}${keptAttributes(name, attributes, writer.link ? 'in-link' : 'outside')}>`);
}

function openListItem(writer: Writer, attributes: HtmlAttributes): void {
  const list = writer.open.findLastIndex((name) => name === 'ul' || name === 'ol' || name === 'blockquote');
  if (list === -1 || writer.open[list] === 'blockquote') {
    if (writer.hasText) writer.due = '<br>';
    return;
  }
  closeFrom(writer, list + 1);
  openBlock(writer, 'li', attributes);
}

function openRubyText(writer: Writer, name: string): void {
  const ruby = writer.open.lastIndexOf('ruby');
  if (ruby === -1) return;
  closeFrom(writer, ruby + 1);
  push(writer, name, `<${name}>`);
}

function openLink(writer: Writer, attributes: HtmlAttributes): void {
  const open = writer.open.indexOf('a');
  if (open !== -1) closeFrom(writer, open);
  const target = attributes.href === undefined ? undefined : readLinkTarget(attributes.href);
  if (target === undefined || writer.isFull || writer.open.length >= MAX_DEPTH) return;
  const isTag = attributes.rel?.split(/\s+/).includes('tag') === true;
  const path = pathWithin(writer.ownOrigin, target.href);
  const leadsTo =
    path === undefined
      ? ` rel="${isTag ? 'tag ' : ''}nofollow noopener noreferrer" target="_blank"`
      : isTag
        ? ' rel="tag"'
        : '';
  const tag = `<a href="${escapeHtml(path ?? target.href)}"${keptAttributes('a', attributes, 'outside')}${leadsTo}>`;
  writer.open.push('a');
  writer.link = { target, tag, before: writer.html, parts: ['', '', ''], text: '' };
  writer.html = '';
}

/** The path of an address of ours; `//evil.example` and the like would be one of somebody else's. */
function pathWithin(origin: string, href: string): string | undefined {
  if (origin === '' || !href.startsWith(`${origin}/`)) return undefined;
  const path = href.slice(origin.length);
  return /^\/[/\\]/.test(path) ? undefined : path;
}

function addLinkText(writer: Writer, link: OpenLink, text: string): void {
  const [, middle] = link.parts;
  link.parts[writer.hiddenAt === undefined ? 1 : middle === '' ? 0 : 2] += text;
  link.text += text;
}

function closeLink(writer: Writer, link: OpenLink): void {
  let inner = writer.html;
  writer.link = undefined;
  writer.html = link.before;
  // A link that was cut short cannot be judged.
  if (writer.isFull) return;
  const isSpelled = spellsTarget(link.text, link.target);
  if (!isSpelled || !showsWholeHost(link, inner)) inner = inner.replaceAll(SHORTENING_SPAN, '<span');
  if (!/[^\s\p{Default_Ignorable_Code_Point}]/u.test(link.text)) {
    // Nothing to see or click, such as a linked image.
    writer.html += inner;
    return;
  }
  if (!isSpelled && namesAnotherHost(link.text, link.target)) inner = escapeText(link.target.href);
  write(writer, `${link.tag}${inner}</a>`);
}

/** Whether what Mastodon's classes hide of a URL is no more than its scheme and the end of its path (A67). */
function showsWholeHost({ parts: [start, middle, rest], text }: OpenLink, inner: string): boolean {
  const authority = /^(?:[a-z]+:)?(?:\/\/)?[^/?#]*/i.exec(text)?.[0] ?? '';
  return (
    /^(?:https?:\/\/(?:www\.)?|xmpp:)?$/i.test(start) &&
    start.length + middle.length >= authority.length &&
    start + middle + rest === text &&
    !INNER_ELLIPSIS.test(inner)
  );
}

/** Opens an element, unless there is no room for it. */
function push(writer: Writer, name: string, tag: string): boolean {
  if (writer.open.length >= MAX_DEPTH || !write(writer, tag)) return false;
  writer.open.push(name);
  return true;
}

/** Closes the open elements from an index on, innermost first. */
function closeFrom(writer: Writer, index: number): void {
  while (writer.open.length > index) {
    const name = writer.open.pop()!;
    if (writer.hiddenAt === writer.open.length) writer.hiddenAt = undefined;
    if (BLOCKS.has(name)) endLine(writer);
    if (name === 'a') closeLink(writer, writer.link!);
    else writer.html += `</${name}>`;
  }
}

function write(writer: Writer, html: string): boolean {
  if (!writer.isFull && lengthOf(writer) + html.length <= writer.limit) writer.html += html;
  else writer.isFull = true;
  return !writer.isFull;
}

function lengthOf({ html, link }: Writer): number {
  return html.length + (link ? link.before.length + link.tag.length : 0);
}

function escapeText(text: string): string {
  if (!NEEDS_CARE.test(text)) return text;
  return text.replace(FORBIDDEN, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
