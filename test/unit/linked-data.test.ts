import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isExpandable } from '#activitypub/linked-data.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';

const AS = 'https://www.w3.org/ns/activitystreams';
const SECURITY = 'https://w3id.org/security/v1';
const times = <T>(count: number, value: (n: number) => T) => Array.from({ length: count }, (_, n) => value(n));

describe('what JSON-LD may cost', () => {
  test('contexts are counted, wherever they stand', () => {
    expect(isExpandable({ '@context': times(16, () => SECURITY) })).toBe(true);
    expect(isExpandable({ '@context': times(17, () => SECURITY) })).toBe(false);
    const spread = { '@context': times(8, () => AS), object: { '@context': times(8, () => AS) } };
    expect(isExpandable(spread)).toBe(true);
    expect(isExpandable({ ...spread, tag: [{ '@context': {} }] })).toBe(false);
    expect(isExpandable({ tag: times(17, () => ({ '@context': null })) })).toBe(false);
  });

  test('contexts that bring others with them are refused', () => {
    expect(isExpandable({ '@context': [AS, { '@import': SECURITY }] })).toBe(false);
    expect(isExpandable({ '@context': { a: { '@id': 'as:a', '@context': SECURITY } } })).toBe(false);
    expect(isExpandable({ '@context': { a: { '@id': 'as:a', '@type': '@id' } } })).toBe(true);
    expect(isExpandable({ tag: { '@context': [{ '@import': SECURITY }] } })).toBe(false);
  });

  test('types that bring a context of their own are counted, whatever says that they are types', () => {
    const proofs = (count: number, name = 'type') => ({ tag: times(count, () => ({ [name]: 'DataIntegrityProof' })) });
    expect(isExpandable(proofs(8))).toBe(true);
    expect(isExpandable(proofs(9))).toBe(false);
    expect(isExpandable(proofs(9, 'kind'))).toBe(false);
    expect(isExpandable({ tag: times(9, () => ({ type: ['Note', 'Multikey'] })) })).toBe(false);
    expect(isExpandable({ tag: times(9, () => ({ service: {} })) })).toBe(false);
    expect(isExpandable({ tag: times(9, () => ({ proofPurpose: 'assertionMethod' })) })).toBe(false);
  });

  test('the one that is too large is refused in every spelling', () => {
    for (const url of ['http://schema.org/', 'HTTP://schema.org', 'http://SCHEMA.org:80/'])
      expect(isExpandable({ '@context': [AS, url] })).toBe(false);
    expect(isExpandable({ '@context': [AS, { schema: 'http://schema.org#' }] })).toBe(true);
  });

  test('members, characters and depth are bounded', () => {
    expect(isExpandable({ tag: times(100, (n) => ({ type: 'Mention', href: n, name: '' })) })).toBe(true);
    expect(isExpandable({ tag: times(500, (n) => n) })).toBe(false);
    expect(isExpandable(Object.fromEntries(times(501, (n) => [`k${n}`, 1])))).toBe(false);
    expect(isExpandable({ content: 'x'.repeat(64 * 1024) })).toBe(false);
    expect(isExpandable({ ['x'.repeat(64 * 1024 + 1)]: 1 })).toBe(false);
    const nested = (depth: number): JsonObject => (depth === 0 ? {} : { a: nested(depth - 1) });
    expect(isExpandable(nested(63))).toBe(true);
    expect(isExpandable(nested(64))).toBe(false);
  });
});

const folder = join(process.env['SHARED_DIR'] ?? '../shared', 'data/activitypub');

describe.skipIf(!existsSync(folder))('documents of other servers', () => {
  test('all that are signed within, and all that show a key, are small enough', () => {
    const files = readFileSync(join(folder, 'MANIFEST.csv'), 'utf8').trim().split('\n').slice(1);
    let checked = 0;
    for (const row of files) {
      const file = row.split(',')[1]!;
      const text = readFileSync(join(folder, file), 'utf8');
      if (!/"(?:signature|proof|publicKey|assertionMethod)"\s*:/.test(text)) continue;
      const json = parse(text);
      // The contexts themselves, and credentials, are no activities.
      if (!isJsonObject(json) || json['type'] === undefined) continue;
      expect(isExpandable(json), file).toBe(true);
      checked++;
    }
    expect(checked).toBeGreaterThan(60);
  });
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
