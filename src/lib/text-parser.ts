import MarkdownItParser, { type MarkdownIt, type StateBlock, type StateInline, type Token } from 'markdown-it';

import { readLinkTarget } from '#lib/html-link.ts';
import { matchEntity, type TextEntity } from '#lib/text-entities.ts';

/**
 * `markdown`: a subset of CommonMark that leaves alone what people write without thinking of markup. `plain`: only
 * paragraphs and line breaks. Both find links, mentions and hashtags.
 */
export type TextFormat = 'markdown' | 'plain';

/** Parses a text into the tokens of markdown-it; links, mentions and hashtags are tokens that `entityOf` recognises. */
export function parseText(source: string, format: TextFormat): Token[] {
  const text = source.toWellFormed().replace(CONTROL_CHARACTERS, '');
  if (format === 'plain') return plainParser.parse(text, {});
  const tokens = markdownParser.parse(text, {});
  // markdown-it leaves out what is nested deeper: no such post means its markup.
  return tokens.some((token) => token.level >= MAX_NESTING - 1) ? plainParser.parse(text, {}) : tokens;
}

/** Turns the tokens of either format into HTML. */
export function renderTokens(tokens: Token[]): string {
  return markdownParser.renderer.render(tokens, markdownParser.options);
}

export function entityOf(token: Token): TextEntity | undefined {
  return token.type === 'entity' ? (token.meta as unknown as TextEntity) : undefined;
}

const CONTROL_CHARACTERS = /[\p{Cc}--[\t\n\r]]/gv;

/** Of blocks. The sanitiser of other servers, as ours, cuts somewhere beyond it. */
const MAX_NESTING = 20;

const plainParser = buildParser();
const markdownParser = buildMarkdownParser();

/** Paragraphs, line breaks and entities. */
function buildParser(): MarkdownIt {
  const parser = new MarkdownItParser('zero', { breaks: true, maxNesting: MAX_NESTING });
  parser.enable('newline');
  parser.inline.ruler.at('text', readPlainText);
  parser.inline.ruler.after('text', 'entity', readEntity);
  parser.renderer.rules['hardbreak'] = () => '<br>';
  parser.renderer.rules['softbreak'] = () => '<br>';
  // Without the line breaks markdown-it puts between blocks: some clients show them.
  parser.renderer.renderToken = (tokens, index) => {
    const token = tokens[index]!;
    if (token.hidden) return '';
    return token.nesting === -1 ? `</${token.tag}>` : `<${token.tag}${parser.renderer.renderAttrs(token)}>`;
  };
  return parser;
}

/**
 * Not enabled, because it appears in plain writing or because a post cannot hold it: indented code, headings underlined
 * with `---`, rules, tables, images, HTML, character references, reference definitions (they vanish), `<autolinks>`.
 */
function buildMarkdownParser(): MarkdownIt {
  const parser = buildParser();
  parser.enable(['blockquote', 'fence', 'heading', 'list']);
  parser.enable(['backticks', 'balance_pairs', 'emphasis', 'escape', 'fragments_join', 'link', 'strikethrough']);
  parser.inline.ruler.after('text', 'verbatim', readVerbatim);
  parser.inline.State = WordAwareState(parser.inline.State);
  onlyWhere(parser, 'blockquote', (line) => /^>(?:[\s>]|$)/.test(line)); // not the face `>_<`
  onlyWhere(parser, 'heading', (line) => /^#{1,6}\s+[^\s#]/.test(line));
  // Not bare markers, a rule (`* * *`), a year (`1985. A good one`) or a gain (`+ 5`).
  onlyWhere(parser, 'list', (line) => /^(?:[-*] (?!\s*(?:[-*]\s*)*$)|\d{1,3}[.)] \s*\S)/.test(line));
  // Not a line drawn with `~~~`; not a code span over several lines, which would lose its first.
  onlyWhere(parser, 'fence', (line, state, start) => /^`{3,}\S*\s*$/.test(line) && lastFence(state) > start);
  parser.normalizeLink = (url) => readLinkTarget(url)?.href ?? '';
  parser.validateLink = (url) => /^https?:/i.test(url);
  parser.renderer.rules['heading_open'] = () => '<p><strong>';
  parser.renderer.rules['heading_close'] = () => '</strong></p>';
  parser.renderer.rules['fence'] = (tokens, index) =>
    `<pre><code>${parser.utils.escapeHtml(tokens[index]!.content.trimEnd())}</code></pre>`;
  return parser;
}

/** Restricts a block rule to lines that look a certain way. markdown-it has no public way to wrap a rule. */
function onlyWhere(
  { block: { ruler } }: MarkdownIt,
  name: string,
  holds: (line: string, state: StateBlock, start: number) => boolean,
): void {
  const { fn, alt } = ruler.__rules__[ruler.__find__(name)]!;
  const guarded = (state: StateBlock, startLine: number, endLine: number, silent: boolean) => {
    const start = state.bMarks[startLine]! + state.tShift[startLine]!;
    const line = state.src.slice(start, state.eMarks[startLine]);
    return holds(line, state, start) && fn(state, startLine, endLine, silent);
  };
  ruler.at(name, guarded, { alt });
}

/** Where the last line is that can end a code block; found once per text. */
function lastFence({ src, env }: StateBlock): number {
  env['lastFence'] ??= [...src.matchAll(/^[ \t>]*`{3,}[ \t]*$/gm)].at(-1)?.index ?? -1;
  return env['lastFence'] as number;
}

/** Text up to the next character that may mean something, or up to a URL. */
const PLAIN_RUN = /(?:(?!https?:\/\/)[^\n!#＃$%&*+\-:<=>@[\\\]^_`{}~])+/iy;

function readPlainText(state: StateInline, silent: boolean): boolean {
  PLAIN_RUN.lastIndex = state.pos;
  const run = PLAIN_RUN.exec(state.src)?.[0].slice(0, state.posMax - state.pos);
  if (!run) return false;
  if (!silent) state.pending += run;
  state.pos += run.length;
  return true;
}

function readEntity(state: StateInline, silent: boolean): boolean {
  // Inside the text of a link nothing else is a link.
  if (state.linkLevel > 0) return false;
  const entity = matchEntity(state.src, state.pos);
  if (entity === undefined) return false;
  if (!silent) {
    const token = state.push('entity', '', 0);
    token.content = entity.text;
    token.meta = { ...entity };
  }
  state.pos += entity.text.length;
  return true;
}

/** Custom emoji (`:_blob_:`) and the shrug `¯\_(ツ)_/¯`, which emphasis and escapes would take apart. */
const VERBATIM = /:\w+:|\\_\(ツ\)_\//y;

function readVerbatim(state: StateInline, silent: boolean): boolean {
  VERBATIM.lastIndex = state.pos;
  const text = VERBATIM.exec(state.src)?.[0];
  if (text === undefined || state.pos + text.length > state.posMax) return false;
  if (!silent) state.pending += text;
  state.pos += text.length;
  return true;
}

type InlineState = MarkdownIt['inline']['State'];

/**
 * Which `*`, `_` and `~~` can begin or end a span. CommonMark, but for two things: between letters or digits of a script
 * with spaces, `*` is no markup either (`2*3*4`); and next to scripts without spaces punctuation does not prevent it
 * (`**「重要」**です`, a known gap of CommonMark).
 */
function WordAwareState(State: InlineState): InlineState {
  return class extends State {
    override scanDelims(start: number, canSplitWord: boolean): ReturnType<StateInline['scanDelims']> {
      const marker = this.src[start]!;
      let end = start;
      while (end < this.posMax && this.src[end] === marker) end += 1;
      const before = describe(start === 0 ? ' ' : characterBefore(this.src, start));
      const after = describe(end < this.posMax ? String.fromCodePoint(this.src.codePointAt(end)!) : ' ');
      const isLeft = !after.isSpace && (!after.isPunctuation || !before.isLetter || before.isUnspaced);
      const isRight = !before.isSpace && (!before.isPunctuation || !after.isLetter || after.isUnspaced);
      const splits =
        canSplitWord &&
        !(marker === '*' && before.isLetter && !before.isUnspaced && after.isLetter && !after.isUnspaced);
      return {
        can_open: isLeft && (splits || !isRight || before.isPunctuation),
        can_close: isRight && (splits || !isLeft || after.isPunctuation),
        length: end - start,
      };
    }
  };
}

const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]/u;

function describe(character: string) {
  const isSpace = /\s/u.test(character);
  const isPunctuation = /[\p{P}\p{S}]/u.test(character);
  return { isSpace, isPunctuation, isLetter: !isSpace && !isPunctuation, isUnspaced: UNSPACED.test(character) };
}

function characterBefore(source: string, position: number): string {
  const isPair = position > 1 && /[\udc00-\udfff]/.test(source[position - 1]!);
  return source.slice(position - (isPair ? 2 : 1), position);
}
