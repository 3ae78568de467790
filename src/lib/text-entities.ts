import { domainToASCII } from 'node:url';

/** An account as people write it. */
export interface Handle {
  /** As written; names are compared without case. */
  name: string;
  /** Lower-case ASCII, with the port if one was written; undefined for an account of this server. */
  host: string | undefined;
}

export type TextEntity =
  | { type: 'url'; text: string; href: string }
  | { type: 'mention'; text: string; handle: Handle }
  | { type: 'hashtag'; text: string; name: string };

/** Letters and digits of scripts that put spaces between words: after one of them, no entity begins. */
const SPACED = String.raw`[[\p{L}\p{N}\p{M}_]--[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]]`;

/** The same before any underscores: those that stand before a word begin an emphasis, and an entity may follow them. */
const WORD_BEFORE = String.raw`[${SPACED}--[_]]_*`;

/** A letter, digit or mark of a hashtag, but not the marks that make an emoji of a digit (`1️⃣`). */
const TAG_CHARACTER = String.raw`[[\p{L}\p{N}\p{M}_]--[\uFE00-\uFE0F\u20D0-\u20FF]]`;
/** Between two such: zero-width (non-)joiner of Persian and Indic scripts, Catalan and Japanese middle dots. */
const TAG_JOINER = String.raw`[\u200C\u200D\u00B7\u30FB\uFF65]`;
const HASHTAG = new RegExp(
  String.raw`(?<![&=\/#@]|${WORD_BEFORE})[#＃]((?=[\p{L}\p{N}_])${TAG_CHARACTER}+(?:${TAG_JOINER}+${TAG_CHARACTER}+)*)`,
  'vy',
);

const MENTION_NAME = new RegExp(String.raw`(?<![=\/@]|${WORD_BEFORE})@([A-Za-z0-9_]+(?:[.\-]+[A-Za-z0-9_]+)*)`, 'vy');

const HOST_LABEL = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}_\-]*[\p{L}\p{N}\p{M}])?`;
/** All ASCII or without any, so that in `example.orgです` the host ends where the Japanese begins. */
const TOP_LEVEL = String.raw`(?:xn--[a-zA-Z0-9\-]+|[a-zA-Z]{2,}|[[\p{L}\p{M}]--\p{ASCII}]{2,}(?![[\p{L}\p{M}]--\p{ASCII}]))`;
/** A host with a dot, or one of a development machine: an address, `localhost`, a name with a port. */
const HOST_NAME = String.raw`(?:(?:${HOST_LABEL}\.)+${TOP_LEVEL}|\d{1,3}(?:\.\d{1,3}){3}|localhost|[a-zA-Z0-9\-]+(?=:\d))`;
const HOST = new RegExp(String.raw`${HOST_NAME}(?!-|[${SPACED}--[_]]|_+[\p{L}\p{N}])(?::\d{2,5}(?!\d))?`, 'vy');

const URL_SCHEME = new RegExp(String.raw`(?<![@#$]|${WORD_BEFORE})https?:\/\/`, 'ivy');
/** What can stand in a path in any script: not the quotation marks and full-width punctuation that follow it in prose. */
const PATH_CHARACTER = /[^\s\p{Cc}\p{Ps}\p{Pe}\p{Pi}\p{Pf}<>"`\\、。，．！？；：・…]|[\(\)\[\]\{\}]/v;
const TRAILING_PUNCTUATION = new Set(".,;:!?'*~");
const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/** The link, mention or hashtag that begins exactly at a position. Underscores that end an emphasis are no part of it. */
export function matchEntity(source: string, position: number): TextEntity | undefined {
  const entity = matchAlone(source, position);
  if (!entity?.text.endsWith('_')) return entity;
  const closing = openEmphasis(source, position);
  if (closing === 0 || !entity.text.endsWith('_'.repeat(closing))) return entity;
  return matchAlone(source.slice(0, position + entity.text.length - closing), position);
}

/** How far back the beginning of an emphasis is looked for (UTF-16 units). */
const EMPHASIS_REACH = 1_000;
const UNDERSCORES = /_+/g;

/** How many underscores would end the emphasis that is open at a position; 0 where none is. */
function openEmphasis(source: string, position: number): number {
  const before = source.slice(Math.max(0, position - EMPHASIS_REACH), position);
  const open: number[] = [];
  for (const { 0: run, index } of before.matchAll(UNDERSCORES)) {
    const isAfterWord = /[\p{L}\p{N}\p{M}]$/u.test(before.slice(Math.max(0, index - 2), index));
    const isBeforeText = /^\S/.test(source.charAt(position - before.length + index + run.length));
    if (open.at(-1) === run.length && (isAfterWord || !isBeforeText)) open.pop();
    else if (!isAfterWord && isBeforeText) open.push(run.length);
  }
  return open.at(-1) ?? 0;
}

function matchAlone(source: string, position: number): TextEntity | undefined {
  switch (source[position]) {
    case 'h':
    case 'H':
      return matchUrl(source, position);
    case '@':
      return matchMention(source, position);
    case '#':
    case '＃':
      return matchHashtag(source, position);
    default:
      return undefined;
  }
}

/** All links and mentions of a text, whatever its markup, by position. */
export function* findUrlsAndMentions(source: string): Generator<TextEntity & { start: number }> {
  const candidate = /https?:\/\/|@/gi;
  for (let found = candidate.exec(source); found !== null; found = candidate.exec(source)) {
    const entity = matchEntity(source, found.index);
    if (entity === undefined) continue;
    yield { ...entity, start: found.index };
    candidate.lastIndex = found.index + entity.text.length;
  }
}

function matchAt(pattern: RegExp, source: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(source);
}

function matchHashtag(source: string, position: number): TextEntity | undefined {
  const [text, name] = matchAt(HASHTAG, source, position) ?? [];
  if (text === undefined || name === undefined || !/\p{L}/u.test(name)) return undefined;
  return { type: 'hashtag', text, name };
}

function matchMention(source: string, position: number): TextEntity | undefined {
  const [local, name] = matchAt(MENTION_NAME, source, position) ?? [];
  if (local === undefined || name === undefined) return undefined;
  const end = position + local.length;
  if (source[end] !== '@') {
    // `@scope/package` is no account.
    return /^\/\w/.test(source.slice(end, end + 2)) ? undefined : mention(local, name, undefined);
  }
  const host = matchAt(HOST, source, end + 1)?.[0];
  if (host === undefined || source[end + 1 + host.length] === '@') return undefined;
  const [, hostname = '', port = ''] = /^(.*?)(:\d+)?$/.exec(host)!;
  const ascii = domainToASCII(hostname);
  return ascii === '' ? undefined : mention(`${local}@${host}`, name, ascii + port);
}

function mention(text: string, name: string, host: string | undefined): TextEntity {
  return { type: 'mention', text, handle: { name, host } };
}

function matchUrl(source: string, position: number): TextEntity | undefined {
  const scheme = matchAt(URL_SCHEME, source, position)?.[0];
  const host = scheme && matchAt(HOST, source, position + scheme.length)?.[0];
  if (!scheme || !host) return undefined;
  let end = position + scheme.length + host.length;
  // `https://bank.example@evil.example`
  if (source[end] === '@') return undefined;
  if (/[/?#]/.test(source[end] ?? '')) end = pathEnd(source, end);
  const text = source.slice(position, end);
  const href = URL.parse(text)?.href;
  return href === undefined ? undefined : { type: 'url', text, href };
}

/** The end of a path and query: before white space, an unbalanced closing bracket, and punctuation of the sentence. */
function pathEnd(source: string, start: number): number {
  const expected: (string | undefined)[] = [];
  let end = start;
  for (const character of source.slice(start)) {
    if (!PATH_CHARACTER.test(character)) break;
    if (character in CLOSING) expected.push(CLOSING[character]);
    else if (/[)\]}]/.test(character) && expected.pop() !== character) break;
    end += character.length;
  }
  while (end > start && TRAILING_PUNCTUATION.has(source[end - 1]!)) end -= 1;
  return end;
}
