import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BareItem,
  type Dictionary,
  type InnerList,
  type Item,
  type Parameters,
  parseDictionary,
  serializeInnerList,
  serializeItem,
} from '#lib/structured-fields.ts';

const VECTORS = path.resolve(process.env['SHARED_DIR'] ?? '../shared', 'data/vectors/structured-fields');

interface Vector {
  readonly name: string;
  readonly raw: readonly string[];
  readonly header_type: 'item' | 'list' | 'dictionary';
  readonly expected?: unknown;
  readonly must_fail?: boolean;
  readonly can_fail?: boolean;
  readonly canonical?: readonly string[];
}

/** Where we refuse on purpose what RFC 9651 accepts. */
const STRICTER = new Set(['duplicate key dictionary', '0x2c in dictionary key', '0x3b in parameterised list key']);

describe.skipIf(!existsSync(VECTORS))('the httpwg vectors', () => {
  const files = existsSync(VECTORS) ? readdirSync(VECTORS).filter((file) => file.endsWith('.json')) : [];
  test.each(files)('%s', (file) => {
    const vectors = JSON.parse(readFileSync(path.join(VECTORS, file), 'utf8')) as Vector[];
    // RFC 9651 added dates and display strings; the fields we read are of RFC 8941.
    const isNewer = file === 'date.json' || file === 'display-string.json';
    for (const vector of vectors) checkVector(isNewer ? { ...vector, must_fail: true } : vector);
  });
});

function checkVector(vector: Vector): void {
  const text = asDictionary(vector);
  if (text === undefined) return;
  const label = `${vector.name}: ${text}`;
  const dictionary = parseDictionary(text);
  if (vector.can_fail === true && typeof dictionary === 'string') return;
  if (STRICTER.has(vector.name)) return expect(dictionary, label).toBe('repeated key');
  if (vector.must_fail === true) {
    // A list of two items in an item's place becomes a dictionary of two members.
    const refused = typeof dictionary === 'string' || (vector.header_type !== 'dictionary' && dictionary.size !== 1);
    expect(refused, label).toBe(true);
    return;
  }
  if (typeof dictionary === 'string') throw new Error(`refused ${label}`);
  const found = [...dictionary].map(([key, member]) => [key, toJson(member)]);
  const expected = vector.header_type === 'dictionary' ? vector.expected : [['x', firstExpected(vector)]];
  expect(found, label).toEqual(expected);
  expect(serialize(dictionary), label).toBe(canonicalText(vector));
}

/** Items, and lists of one member, stand in a dictionary as its only value; other lists have no place in it. */
function asDictionary({ raw, header_type: type, expected }: Vector): string | undefined {
  const text = raw.join(', ');
  if (type === 'dictionary') return text;
  // A tab that an item may not end with is allowed behind a dictionary.
  if (/\t *$/.test(text)) return undefined;
  const isSingle = type === 'item' || (Array.isArray(expected) && expected.length === 1);
  return isSingle ? `x=${text.replace(/^ +/, '')}` : undefined;
}

function firstExpected({ expected, header_type: type }: Vector): unknown {
  return type === 'list' && Array.isArray(expected) ? expected[0] : expected;
}

function canonicalText({ canonical, raw, header_type: type }: Vector): string {
  const text = (canonical ?? raw).join(', ');
  if (type === 'dictionary') return text;
  return text.startsWith('?1') ? `x${text.slice('?1'.length)}` : `x=${text}`;
}

function toJson(member: Item | InnerList): unknown {
  if ('items' in member) return [member.items.map(toJson), parametersToJson(member.parameters)];
  return [bareToJson(member.value), parametersToJson(member.parameters)];
}

function parametersToJson(parameters: Parameters): unknown {
  return [...parameters].map(([key, value]) => [key, bareToJson(value)]);
}

function bareToJson(item: BareItem): unknown {
  if (item.type === 'token') return { __type: 'token', value: item.value };
  if (item.type === 'bytes') return { __type: 'binary', value: base32(item.value) };
  return item.value === 0 ? 0 : item.value; // The vectors write minus zero without its sign.
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = (bits.match(/.{1,5}/g) ?? []).map(
    (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)],
  );
  return digits.join('').padEnd(Math.ceil(digits.length / 8) * 8, '=');
}

/** As RFC 8941 section 4.1.2 has it, from the two serializers under test. */
function serialize(dictionary: Dictionary): string {
  return [...dictionary]
    .map(([key, member]) => {
      if ('items' in member) return `${key}=${serializeInnerList(member)}`;
      const text = serializeItem(member);
      return member.value.type === 'boolean' && member.value.value ? key + text.slice('?1'.length) : `${key}=${text}`;
    })
    .join(', ');
}

test('a repeated key is told from a malformed field', () => {
  expect(parseDictionary('a=1, b=2, a=3')).toBe('repeated key');
  expect(parseDictionary('a=("x" "y");k=1;k=2')).toBe('repeated key');
  expect(parseDictionary('a=1,')).toBe('malformed');
  expect(parseDictionary('a=:YQ:')).toBe('malformed');
  expect(parseDictionary('a=:YR==:')).toBe('malformed');
});

test('no text makes the parser throw, and what it accepts it reads back the same from its canonical form', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'ab*=;,:?"\\()01.- \tYQ'.split('')), maxLength: 30 }),
  );
  fc.assert(
    fc.property(text, (field) => {
      const dictionary = parseDictionary(field);
      if (typeof dictionary !== 'string') expect(parseDictionary(serialize(dictionary))).toEqual(dictionary);
    }),
    { numRuns: 3000 },
  );
});
