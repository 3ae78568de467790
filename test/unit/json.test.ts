import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalize } from '#lib/jcs.ts';
import { isJsonObject, parseJsonGuarded } from '#lib/json.ts';
import { startCpuClock } from '../support/cpu-clock.ts';

const parse = (text: string, limits = {}) => parseJsonGuarded(Buffer.from(text), limits);

describe('guarded JSON', () => {
  test('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        fc.pre(!text.includes('__proto__'));
        const pretty = JSON.stringify(JSON.parse(text), null, indent);
        expect(parse(pretty)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  test('and refuses what JSON.parse refuses, without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[{}[\],:"\\ 1a]{0,12}$/)), (text) => {
        let expected: unknown;
        try {
          expected = { ok: true, value: JSON.parse(text) };
        } catch {
          expected = { ok: false, reason: 'not-json' };
        }
        expect(parse(text)).toEqual(expected);
      }),
    );
  });

  test('counts depth and members exactly, but not inside strings', () => {
    expect(parse('[[1]]', { maxDepth: 2 }).ok).toBe(true);
    expect(parse('[[[1]]]', { maxDepth: 2 })).toEqual({ ok: false, reason: 'too-deep' });
    expect(parse('[{},{},{"a":[]}]', { maxDepth: 2 })).toEqual({ ok: false, reason: 'too-deep' });
    expect(parse('["[[[[\\"[[[[\\\\",{"}{":"{{"}]', { maxDepth: 2 }).ok).toBe(true);
    expect(parse('["é[[[\u{1f600}[["]', { maxDepth: 1 }).ok).toBe(true);
    expect(parse('[1,2,3]', { maxMembers: 3 }).ok).toBe(true);
    expect(parse('[1,2,3,4]', { maxMembers: 3 })).toEqual({ ok: false, reason: 'too-many-members' });
    expect(parse('[",,,,,"]', { maxMembers: 3 }).ok).toBe(true);
  });

  test('A59: 100,000 levels, a million keys and 50 MB are refused fast', () => {
    const cases: [string, Buffer][] = [
      ['too-deep', Buffer.from('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000))],
      ['too-deep', Buffer.from('['.repeat(1_000_000))],
      ['too-many-members', Buffer.from(`{${Array.from({ length: 1_000_000 }, (_, n) => `"k${n}":1`).join()}}`)],
      ['too-many-members', Buffer.alloc(50 * 1024 * 1024, '[],')],
    ];
    for (const [reason, bytes] of cases) {
      const spent = startCpuClock();
      expect(parseJsonGuarded(bytes)).toEqual({ ok: false, reason });
      expect(spent()).toBeLessThan(50);
    }
  });

  test('N10: a megabyte of 200,000 members is refused, and what is let through takes less than 50 ms', () => {
    const objects = (count: number) =>
      Buffer.from(`[${Array.from({ length: count }, (_, n) => `{"k${n}":1}`).join()}]`);
    expect(parseJsonGuarded(Buffer.from(`[${'1,'.repeat(199_999)}1]`))).toEqual({
      ok: false,
      reason: 'too-many-members',
    });
    const greatest = objects(25_000);
    const times = Array.from({ length: 5 }, () => {
      const spent = startCpuClock();
      expect(parseJsonGuarded(greatest).ok).toBe(true);
      return spent();
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });

  test('A59: keys named __proto__ are dropped, in every spelling and at every depth', () => {
    const spellings = [
      '__proto__',
      '\\u005f_proto__',
      '_\\u005Fproto__',
      '__\\u0070roto__',
      '__pr\\u006Fto__',
      '__pro\\u0074o__',
    ];
    for (const key of [...spellings, '__p\\u0072oto__']) {
      const result = parse(`{"a":[{"${key}":{"admin":true},"b":1}]}`);
      expect(result).toEqual({ ok: true, value: { a: [{ b: 1 }] } });
      const inner = (result as { value: { a: [object] } }).value.a[0];
      expect(Object.getOwnPropertyNames(inner)).toEqual(['b']);
      expect(Object.getPrototypeOf(inner)).toBe(Object.prototype);
      expect(Object.assign({}, inner)).not.toHaveProperty('admin');
    }
    expect(parse('["__proto__",{"x":"__proto__"}]')).toEqual({ ok: true, value: ['__proto__', { x: '__proto__' }] });
  });

  test('A59: the property holds for whatever is parsed', () => {
    const key = fc.constantFrom('__proto__', 'constructor', 'prototype', 'a');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, fc.constant(1), fc.array(tie('tree')), fc.dictionary(key, tie('tree'))),
    }));
    const ownNames = (value: unknown): string[] =>
      typeof value === 'object' && value
        ? [...Object.getOwnPropertyNames(value), ...Object.values(value).flatMap(ownNames)]
        : [];
    fc.assert(
      fc.property(tree, (value) => {
        const result = parse(JSON.stringify(value));
        expect(result.ok && ownNames(result.value)).not.toContain('__proto__');
      }),
    );
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  test('A59: constructor is an ordinary key, and of duplicate keys the last wins', () => {
    expect(parse('{"constructor":{"prototype":{"x":1}}}')).toMatchObject({ ok: true });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(parse('{"id":"a","id":"b"}')).toEqual({ ok: true, value: { id: 'b' } });
  });

  test('invalid UTF-8 is refused, a byte order mark skipped', () => {
    for (const bytes of [[0xff], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe2, 0x82, 0x22]]) {
      expect(parseJsonGuarded(Buffer.from(bytes))).toEqual({ ok: false, reason: 'not-utf8' });
    }
    expect(parse('\ufeff{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
  });

  test('an object is neither null nor an array', () => {
    expect([{}, { a: 1 }].every(isJsonObject)).toBe(true);
    expect([null, [], 'x', 1, undefined].some(isJsonObject)).toBe(false);
  });
});

/** The test data of https://github.com/cyberphone/json-canonicalization, by the author of RFC 8785. */
const VECTORS = path.resolve(process.env['SHARED_DIR'] ?? '../shared', 'data/vectors/identity/jcs');

describe.skipIf(!existsSync(VECTORS))('the vectors of RFC 8785', () => {
  const files = existsSync(VECTORS) ? readdirSync(path.join(VECTORS, 'input')) : [];

  test.each(files)('%s', (file) => {
    const input: unknown = JSON.parse(readFileSync(path.join(VECTORS, 'input', file), 'utf8'));
    const output = readFileSync(path.join(VECTORS, 'outhex', file.replace('.json', '.txt')), 'utf8');
    expect(Buffer.from(canonicalize(input)).toString('hex')).toBe(output.replace(/\s/g, ''));
  });
});

describe('canonical JSON', () => {
  test('does not depend on the order of members or on white space', () => {
    const value = fc.jsonValue({ noUnicodeString: false, stringUnit: 'grapheme' });
    const reversed = (json: unknown): unknown => {
      if (Array.isArray(json)) return json.map(reversed);
      if (!isJsonObject(json)) return json;
      return Object.fromEntries(
        Object.entries(json)
          .toReversed()
          .map(([key, member]) => [key, reversed(member)]),
      );
    };
    fc.assert(
      fc.property(value, (json) => {
        expect(canonicalize(reversed(json))).toBe(canonicalize(json));
        expect(JSON.parse(canonicalize(json))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
    );
  });

  test('sorts by UTF-16 code units, and writes numbers as ECMAScript does', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(canonicalize(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}');
    expect(canonicalize([1e30, 4.5, 0.002, 1e-27, -0])).toBe('[1e+30,4.5,0.002,1e-27,0]');
    expect(canonicalize('€$\u000f\nA\'B"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
  });

  test('refuses what has no canonical form', () => {
    for (const value of [
      undefined,
      NaN,
      Infinity,
      '\ud800',
      { '\udc00': 1 },
      [undefined],
      { a: undefined },
      1n,
      () => 1,
    ]) {
      expect(() => canonicalize(value)).toThrow(TypeError);
    }
  });
});
