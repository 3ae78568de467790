import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClientAddress } from '#http/client-address.ts';

/** Rate limits and blocks go by this address, so nobody may choose their own (check A64 of the acceptance list). */
describe('The client address', () => {
  const behindProxy = createClientAddress(['127.0.0.0/8', '::1/128', '10.0.0.0/8']);

  test('is the peer when there is no header', () => {
    expect(behindProxy('203.0.113.9', undefined)).toBe('203.0.113.9');
  });

  test('is the peer when a stranger sends the header', () => {
    expect(behindProxy('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
    expect(behindProxy('203.0.113.9', '127.0.0.1')).toBe('203.0.113.9');
  });

  test('is what our proxy saw, not what the client wrote before it', () => {
    expect(behindProxy('127.0.0.1', '198.51.100.1')).toBe('198.51.100.1');
    expect(behindProxy('127.0.0.1', '1.2.3.4, 198.51.100.1')).toBe('198.51.100.1');
    expect(behindProxy('127.0.0.1', '127.0.0.1, 198.51.100.1')).toBe('198.51.100.1');
  });

  test('is found through several proxies of ours', () => {
    expect(behindProxy('127.0.0.1', '6.6.6.6, 198.51.100.1, 10.1.2.3, 10.0.0.7')).toBe('198.51.100.1');
  });

  test.each([
    ['203.0.113.5:4711', '203.0.113.5'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]"', '2001:db8::1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['"203.0.113.5"', '203.0.113.5'],
    ['203.0.113.5, 127.0.0.1:1', '203.0.113.5'],
    ['[::FFFF:203.0.113.5]:80', '203.0.113.5'],
    ['fe80::1%eth0', 'fe80::1'],
    ['6.6.6.6:1, 198.51.100.1:2, 10.0.0.7:3', '198.51.100.1'],
  ])('is found in the spelling %s', (header, address) => {
    expect(behindProxy('127.0.0.1', header)).toBe(address);
  });

  test('is the last proxy when what it forwards is no address', () => {
    expect(behindProxy('127.0.0.1', 'unknown')).toBe('127.0.0.1');
    expect(behindProxy('127.0.0.1', '198.51.100.1, <script>')).toBe('127.0.0.1');
    expect(behindProxy('127.0.0.1', ' , ,')).toBe('127.0.0.1');
  });

  test('is IPv4 also where the socket shows it mapped into IPv6', () => {
    expect(behindProxy('::ffff:203.0.113.9', undefined)).toBe('203.0.113.9');
    expect(behindProxy('::ffff:127.0.0.1', '198.51.100.1')).toBe('198.51.100.1');
    expect(behindProxy('::1', '::ffff:198.51.100.1')).toBe('198.51.100.1');
  });

  test('is IPv6 behind an IPv6 proxy', () => {
    expect(behindProxy('::1', '2001:db8::7')).toBe('2001:db8::7');
  });

  test('is the peer where no proxy is trusted', () => {
    expect(createClientAddress([])('127.0.0.1', '198.51.100.1')).toBe('127.0.0.1');
  });

  test('can never be chosen by a client, whatever it writes', () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (written, client) => {
        // What the proxy appends is what counts, unless that is a proxy of ours itself.
        fc.pre(!/^(127|10)\./.test(client));
        expect(behindProxy('127.0.0.1', `${written}, ${client}`)).toBe(client);
        expect(behindProxy('203.0.113.9', written)).toBe('203.0.113.9');
      }),
    );
  });
});
