import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  domainsAbove,
  hostMatches,
  hostnameOf,
  isSameOrigin,
  normalizeHost,
  originOf,
  parseHandle,
} from '#lib/host.ts';

describe('hosts', () => {
  test.each([
    ['example.org', 'example.org'],
    ['EXAMPLE.Org', 'example.org'],
    ['example.org.', 'example.org'],
    ['example.org:443', 'example.org'],
    ['EXAMPLE.ORG.:443', 'example.org'],
    ['example.org:8443', 'example.org:8443'],
    ['example.org:80', 'example.org:80'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['ｅｘａｍｐｌｅ。org', 'example.org'],
    ['localhost:3000', 'localhost:3000'],
    ['my_host.example', 'my_host.example'],
    ['127.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['[::1]:8080', '[::1]:8080'],
  ])('A79: %s is written %s', (input, expected) => {
    expect(normalizeHost(input)).toBe(expected);
  });

  test.each([
    '',
    '.',
    'example..org',
    'example.org..',
    '-example.org',
    'example-.org',
    'exa mple.org',
    ' example.org',
    'example.org\n',
    'exa\tmple.org',
    'exa\u200bmple.org',
    'exam\u00adple.org',
    'exa\u200dmple.org',
    'exa\u2060mple.org',
    'example.org\u202e',
    'example.org/path',
    'example.org?x',
    'example.org#x',
    'user@example.org',
    'example.org\\x',
    'ex%61mple.org',
    'example.org:99999',
    'example.org:x',
    'a*b.example',
    'xn--',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`,
    'a'.repeat(100_000),
  ])('A79: %j is no host', (input) => {
    expect(normalizeHost(input)).toBeUndefined();
  });

  test('A79: what is normalised stays so, whatever it was', () => {
    const host = fc.oneof(fc.domain(), fc.string({ unit: 'grapheme' }), fc.ipV4Extended(), fc.webAuthority());
    fc.assert(
      fc.property(host, (input) => {
        const normalized = normalizeHost(input);
        fc.pre(normalized !== undefined);
        expect(normalizeHost(normalized)).toBe(normalized);
        expect(normalized).toMatch(/^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d+)?$/);
      }),
    );
  });

  test.each([
    'blocked.example',
    'BLOCKED.example',
    'blocked.example.',
    'sub.blocked.example',
    'a.b.blocked.example:8443',
    'blocked.example:443',
    'ｂlocked.example',
  ])('A35: a block of blocked.example covers %s', (host) => {
    expect(hostMatches(host, 'blocked.example')).toBe(true);
    expect(hostMatches(host, 'Blocked.Example.')).toBe(true);
  });

  test.each(['notblocked.example', 'blocked.example.org', 'example', 'blocked-example', 'blocked.example@x.org', ''])(
    'A35: and does not cover %j',
    (host) => {
      expect(hostMatches(host, 'blocked.example')).toBe(false);
    },
  );

  test('A35: blocks of an IDN hold in both spellings, blocks of an address for it alone', () => {
    expect(hostMatches('sub.xn--bcher-kva.example', 'bücher.example')).toBe(true);
    expect(hostMatches('sub.BÜCHER.example', 'xn--bcher-kva.example')).toBe(true);
    expect(hostMatches('1.2.3.4', '1.2.3.4')).toBe(true);
    expect(domainsAbove('1.2.3.4')).toEqual(['1.2.3.4']);
    expect(hostMatches('example.org', '')).toBe(false);
  });

  test('lists the domains a block could name', () => {
    expect(domainsAbove('A.b.example:8443')).toEqual(['a.b.example', 'b.example', 'example']);
    expect(domainsAbove('not a host')).toEqual([]);
    expect(hostnameOf('[::1]:80')).toBe('[::1]');
    expect(hostnameOf('a.example')).toBe('a.example');
  });
});

describe('handles', () => {
  test.each([
    ['alice', 'alice', undefined],
    ['@Alice', 'alice', undefined],
    ['@alice@example.org', 'alice', 'example.org'],
    ['alice@example.org', 'alice', 'example.org'],
    ['acct:alice@example.org', 'alice', 'example.org'],
    ['ACCT:Alice@EXAMPLE.ORG', 'alice', 'example.org'],
    ['acct:Alice@EXAMPLE.ORG.:443', 'alice', 'example.org'],
    ['@alice@example.org:8443', 'alice', 'example.org:8443'],
    ['@alice@bücher.example', 'alice', 'xn--bcher-kva.example'],
    ['@some.body-else_1@bsky.brid.gy', 'some.body-else_1', 'bsky.brid.gy'],
    ['_', '_', undefined],
  ])('A79: %s is %s at %s', (input, name, host) => {
    expect(parseHandle(input)).toEqual({ name, host });
  });

  test.each([
    '',
    '@',
    '@@example.org',
    '@alice@',
    '@alice@example.org@evil.test',
    'al ice',
    ' alice',
    'alice\n',
    'al\u200bice@example.org',
    'alice\u200d',
    'аlice@example.org', // Cyrillic
    'ａlice',
    'alıce',
    'aliceK'.replace('K', '\u212a'), // the Kelvin sign, a k when lower-cased
    'ali\u0301ce',
    'alice@exa\u200bmple.org',
    'alice@example.org/x',
    'alice%40x@example.org',
    '.alice',
    'alice.',
    '-alice',
    'alice/../bob',
    'https://example.org/@alice',
    'a'.repeat(300),
    `${'a'.repeat(100_000)}!`,
  ])('A79: %j is no handle', (input) => {
    expect(parseHandle(input)).toBeUndefined();
  });

  test('A79: names are of one spelling', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (input) => {
        const handle = parseHandle(input);
        if (handle) expect(handle.name).toMatch(/^[a-z0-9_.-]+$/);
      }),
    );
  });
});

describe('origins', () => {
  test('A01: scheme, host and port make the origin', () => {
    expect(originOf('https://Example.org:443/users/bob#main-key')).toBe('https://example.org');
    expect(isSameOrigin('https://example.org/a', 'HTTPS://EXAMPLE.ORG:443/b')).toBe(true);
    expect(isSameOrigin('https://bücher.example/', 'https://xn--bcher-kva.example/')).toBe(true);
    for (const other of [
      'http://example.org/a',
      'https://example.org:8443/a',
      'https://sub.example.org/',
      'https://example.org./',
    ]) {
      expect(isSameOrigin('https://example.org/a', other)).toBe(false);
    }
  });

  test.each([
    'nonsense',
    '',
    'data:text/plain,x',
    'file:///etc/passwd',
    'acct:a@example.org',
    'https://victim.test@evil.test/',
    'https://evil.test\\@victim.test/',
    'https:\\\\victim.test/',
    'https://victim.test/ x',
    'https://vic\ntim.test/',
    'blob:https://victim.test/x',
  ])('A01: %j has none, not even the same as itself', (url) => {
    expect(originOf(url)).toBeUndefined();
    expect(isSameOrigin(url, url)).toBe(false);
  });
});
