/**
 * HTTP structured fields (RFC 8941, which RFC 9421 and RFC 9530 build upon): dictionaries of items and inner lists, the only shape that
 * Signature, Signature-Input and Content-Digest take.
 *
 * Stricter than the RFC in two places, because these fields guard the inbox and two readers must never see two different values: a repeated
 * key fails instead of the last one winning, and base64 must be canonical. Dates and display strings (RFC 9651) are not in RFC 8941 and fail.
 */
import { decodeBase64 } from '#lib/base64.ts';

export type BareItem =
  | { readonly type: 'integer' | 'decimal'; readonly value: number }
  | { readonly type: 'string' | 'token'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Buffer }
  | { readonly type: 'boolean'; readonly value: boolean };

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly value: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
}

export type Dictionary = ReadonlyMap<string, Item | InnerList>;

interface Cursor {
  readonly text: string;
  at: number;
}

const TRUE: BareItem = { type: 'boolean', value: true };

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const NUMBER = /-?(\d+)(?:\.(\d+))?/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const BYTES = /:([A-Za-z0-9+/=]*):/y;
const BOOLEAN = /\?([01])/y;
const SPACES = / */y;
const OPTIONAL_WHITESPACE = /[ \t]*/y;

class RepeatedKey extends SyntaxError {}

/** The dictionary in a field value, in its order, or what is wrong with it. */
export function parseDictionary(text: string): Dictionary | 'malformed' | 'repeated key' {
  try {
    return readDictionary({ text, at: 0 });
  } catch (error) {
    if (error instanceof SyntaxError) return error instanceof RepeatedKey ? 'repeated key' : 'malformed';
    throw error;
  }
}

function readDictionary(cursor: Cursor): Dictionary {
  const members = new Map<string, Item | InnerList>();
  take(cursor, SPACES);
  while (cursor.at < cursor.text.length) {
    const key = readKey(cursor, members);
    members.set(key, skip(cursor, '=') ? readMember(cursor) : { value: TRUE, parameters: readParameters(cursor) });
    take(cursor, OPTIONAL_WHITESPACE);
    if (cursor.at === cursor.text.length) break;
    consume(cursor, ',');
    take(cursor, OPTIONAL_WHITESPACE);
    if (cursor.at === cursor.text.length) throw new SyntaxError('trailing comma');
  }
  return members;
}

function readMember(cursor: Cursor): Item | InnerList {
  return cursor.text[cursor.at] === '(' ? readInnerList(cursor) : readItem(cursor);
}

function readInnerList(cursor: Cursor): InnerList {
  const items: Item[] = [];
  consume(cursor, '(');
  for (;;) {
    take(cursor, SPACES);
    if (skip(cursor, ')')) return { items, parameters: readParameters(cursor) };
    items.push(readItem(cursor));
    const next = cursor.text[cursor.at];
    if (next !== ' ' && next !== ')') throw new SyntaxError('items of an inner list are separated by spaces');
  }
}

function readItem(cursor: Cursor): Item {
  return { value: readBareItem(cursor), parameters: readParameters(cursor) };
}

function readParameters(cursor: Cursor): Parameters {
  const parameters = new Map<string, BareItem>();
  while (skip(cursor, ';')) {
    take(cursor, SPACES);
    const key = readKey(cursor, parameters);
    parameters.set(key, skip(cursor, '=') ? readBareItem(cursor) : TRUE);
  }
  return parameters;
}

function readKey(cursor: Cursor, taken: ReadonlyMap<string, unknown>): string {
  const key = take(cursor, KEY)?.[0];
  if (key === undefined) throw new SyntaxError('not a key');
  if (taken.has(key)) throw new RepeatedKey();
  return key;
}

function readBareItem(cursor: Cursor): BareItem {
  switch (cursor.text[cursor.at]) {
    case '"':
      return { type: 'string', value: capture(cursor, STRING).replaceAll(/\\(["\\])/g, '$1') };
    case ':':
      return { type: 'bytes', value: readBytes(cursor) };
    case '?':
      return { type: 'boolean', value: capture(cursor, BOOLEAN) === '1' };
    default:
      return readNumber(cursor) ?? readToken(cursor);
  }
}

function readBytes(cursor: Cursor): Buffer {
  const bytes = decodeBase64(capture(cursor, BYTES));
  if (bytes === undefined) throw new SyntaxError('not base64');
  return bytes;
}

function readNumber(cursor: Cursor): BareItem | undefined {
  const match = take(cursor, NUMBER);
  if (match === null) return undefined;
  const [text, whole = '', fraction] = match;
  if (whole.length > (fraction === undefined ? 15 : 12) || (fraction?.length ?? 0) > 3)
    throw new SyntaxError('too long');
  return { type: fraction === undefined ? 'integer' : 'decimal', value: Number(text) };
}

function readToken(cursor: Cursor): BareItem {
  const token = take(cursor, TOKEN)?.[0];
  if (token === undefined) throw new SyntaxError('not an item');
  return { type: 'token', value: token };
}

/** Matches a sticky pattern here and moves behind it, or stays and gives null. */
function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (match !== null) cursor.at = pattern.lastIndex;
  return match;
}

function capture(cursor: Cursor, pattern: RegExp): string {
  const match = take(cursor, pattern);
  if (match?.[1] === undefined) throw new SyntaxError('malformed item');
  return match[1];
}

function skip(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function consume(cursor: Cursor, character: string): void {
  if (!skip(cursor, character)) throw new SyntaxError(`expected ${character}`);
}

/** The canonical text of an inner list: what RFC 9421 signs as `@signature-params`. */
export function serializeInnerList(list: InnerList): string {
  return `(${list.items.map(serializeItem).join(' ')})${serializeParameters(list.parameters)}`;
}

/** The canonical text of an item. */
export function serializeItem(item: Item): string {
  return serializeBareItem(item.value) + serializeParameters(item.parameters);
}

function serializeParameters(parameters: Parameters): string {
  let text = '';
  for (const [key, item] of parameters) {
    text += item.type === 'boolean' && item.value ? `;${key}` : `;${key}=${serializeBareItem(item)}`;
  }
  return text;
}

function serializeBareItem(item: BareItem): string {
  switch (item.type) {
    case 'integer':
    case 'token':
      return String(item.value);
    case 'decimal':
      return Number.isInteger(item.value) ? item.value.toFixed(1) : String(item.value);
    case 'string':
      return `"${item.value.replaceAll(/["\\]/g, '\\$&')}"`;
    case 'bytes':
      return `:${item.value.toString('base64')}:`;
    case 'boolean':
      return item.value ? '?1' : '?0';
  }
}
