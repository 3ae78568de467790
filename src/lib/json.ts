import { isUtf8 } from 'node:buffer';

export interface JsonLimits {
  /** Objects and arrays within each other. 64 unless given: real activities stay below 20. */
  maxDepth?: number;
  /**
   * Values in all, counting those of nested objects and arrays. 50,000 unless given, which V8 parses in less than 30 ms
   * whatever their shape; a megabyte of small members would take three times as long.
   */
  maxMembers?: number;
}

export type JsonFailure = 'not-utf8' | 'too-deep' | 'too-many-members' | 'not-json';

export type JsonResult = { ok: true; value: unknown } | { ok: false; reason: JsonFailure };

export type JsonObject = Record<string, unknown>;

/**
 * Parses JSON of strangers. As `JSON.parse` (of duplicate keys the last wins), but for bytes that are not UTF-8, deep
 * nesting and floods of members, which are refused before anything is built, and for keys named `__proto__`, which are
 * dropped. `constructor` and the like stay ordinary own keys: read them with `Object.hasOwn`, never by chance.
 */
export function parseJsonGuarded(bytes: Buffer, { maxDepth = 64, maxMembers = 50_000 }: JsonLimits = {}): JsonResult {
  const objection = scan(bytes, maxDepth, maxMembers);
  if (objection) return { ok: false, reason: objection };
  if (!isUtf8(bytes)) return { ok: false, reason: 'not-utf8' };
  try {
    const text = bytes.toString('utf8', hasByteOrderMark(bytes) ? 3 : 0);
    // The reviver makes parsing four times as slow, so it runs only where the key may be, plain or with escapes.
    const value: unknown = MAYBE_PROTO.test(text) ? JSON.parse(text, dropProto) : JSON.parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false, reason: 'not-json' };
  }
}

/** A list that was kept as JSON. Most are empty, and those need no parser. */
export function parseJsonList<T>(text: string): T[] {
  return text === '[]' ? [] : (JSON.parse(text) as T[]);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * One pass over the bytes outside strings. Up to the first syntax error it sees the same structure as `JSON.parse`, and
 * behind that error `JSON.parse` does not go, so it needs no grammar.
 */
function scan(bytes: Buffer, maxDepth: number, maxMembers: number): JsonFailure | undefined {
  let depth = 0;
  let members = 0;
  const end = bytes.length;
  for (let at = 0; at < end; at++) {
    switch (bytes[at]) {
      case QUOTE: {
        let byte = bytes[++at];
        while (at < end && byte !== QUOTE) {
          if (byte === BACKSLASH) at++;
          byte = bytes[++at];
        }
        break;
      }
      case COMMA:
        if (++members > maxMembers) return 'too-many-members';
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) return 'too-deep';
        if (++members > maxMembers) return 'too-many-members';
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
      default:
    }
  }
  return undefined;
}

/** The key itself, or an escape of one of its letters (_ p r o t), which every other spelling of it needs. */
const MAYBE_PROTO = /__proto__|\\u00(?:5[fF]|7[02]|6[fF]|74)/;

function dropProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

function hasByteOrderMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
