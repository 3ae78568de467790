import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportMultibaseKey } from '@fedify/vocab-runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSignedRequest } from '#activitypub/signature.ts';
import { digestOf } from '#activitypub/signature/digest.ts';
import { parseMultikey, parsePublicKeyPem } from '#activitypub/signature/key.ts';
import { signCavage, signRfc9421 } from '#activitypub/signature/sign.ts';
import {
  base64Sha,
  type CavageSignature,
  type Draft,
  headerOf,
  HOST,
  type Rfc9421Signature,
  signByCavage,
  signByRfc9421,
  withExtraHeader,
  withHeaders,
} from '../support/http-signing.ts';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const SECONDS = NOW / 1000;
const HOUR = 3600;
const KEY_ID = 'https://remote.test/users/alice#main-key';
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ED25519 = generateKeyPairSync('ed25519');
const BODY = Buffer.from('{"type":"Create","actor":"https://remote.test/users/alice"}');

const POST: Draft = {
  method: 'POST',
  target: '/inbox',
  headers: [
    ['Host', HOST],
    ['Date', new Date(NOW).toUTCString()],
    ['Digest', `SHA-256=${base64Sha(256, BODY)}`],
    ['Content-Type', 'application/activity+json'],
    ['User-Agent', 'Mastodon/4.7.0 (http.rb/5.3.1; +https://remote.test/)'],
  ],
  body: BODY,
};
const MODERN_POST = withHeaders(POST, { digest: undefined, 'content-digest': `sha-256=:${base64Sha(256, BODY)}:` });
const GET: Draft = { method: 'GET', target: '/users/bob?page=true', headers: POST.headers.slice(0, 2) };

const CAVAGE_POST = ['(request-target)', 'host', 'date', 'digest', 'content-type'];
const CAVAGE_GET = ['(request-target)', 'host', 'date'];
const RFC9421_POST = ['@method', '@target-uri', 'content-digest'];

function cavage(draft: Draft, options: Partial<CavageSignature> = {}): Draft {
  return signByCavage(draft, { key: RSA.privateKey, covered: CAVAGE_POST, ...options });
}

function rfc9421(draft: Draft, options: Partial<Rfc9421Signature> = {}): Draft {
  return signByRfc9421(draft, {
    key: RSA.privateKey,
    covered: RFC9421_POST,
    created: SECONDS,
    keyId: KEY_ID,
    ...options,
  });
}

/** `verified`, `not verified` (of a readable signature), or the status and reason of the refusal. */
function outcome(draft: Draft, key: KeyObject = RSA.publicKey): string {
  const parsed = parse(draft);
  if (!parsed.ok) return `${parsed.status} ${parsed.reason}`;
  return parsed.verify(key) ? 'verified' : 'not verified';
}

function parse({ method, target, headers, body }: Draft) {
  const options = { hosts: new Set([HOST]), scheme: 'https', now: NOW } as const;
  return parseSignedRequest({ method, target, rawHeaders: headers.flat(), body }, options);
}

const TOO_LITTLE = '401 the signature covers too little';
const EXPIRED = '401 the signature has expired';
const OUTSIDE_WINDOW = '401 signed too long ago or in the future';
const MISMATCH = '401 the digest does not match the body';
const ABSENT = '401 a covered header is absent, repeated or unknown';
const UNKNOWN_ALGORITHM = '401 unknown signature algorithm';
const BAD_KEY_ID = '401 the key id is not an http(s) URL';
const DUPLICATE_HEADER = '400 a header that must be unique is repeated';
const DUPLICATE_PARAMETER = '400 a signature parameter is repeated';

describe('a request signed the way servers do is accepted', () => {
  test('its spec, key id and key host are told', () => {
    expect(parse(cavage(POST))).toMatchObject({ ok: true, spec: 'cavage', keyId: KEY_ID, keyHost: 'remote.test' });
    expect(parse(rfc9421(MODERN_POST))).toMatchObject({ ok: true, spec: 'rfc9421', keyId: KEY_ID });
  });

  test('the key id is normalised, so that it has one entry in a cache', () => {
    const parameters = { keyId: 'https://Remote.TEST:443/users/../users/alice#main-key' };
    expect(parse(cavage(POST, { parameters }))).toMatchObject({ keyId: KEY_ID, keyHost: 'remote.test' });
  });

  const length = withHeaders(POST, { 'content-length': String(BODY.length) });
  const times = { algorithm: 'hs2019', created: SECONDS, expires: SECONDS + 10 };
  test.each([
    ['Mastodon', cavage(POST)],
    [
      'Mastodon 4.5 and later',
      cavage(POST, { covered: ['host', 'date', 'digest', 'content-type', '(request-target)'] }),
    ],
    ['Misskey', cavage(POST, { covered: ['(request-target)', 'date', 'host', 'digest'] })],
    ['Pleroma', cavage(length, { covered: ['(request-target)', 'content-length', 'date', 'digest', 'host'] })],
    [
      'GoToSocial',
      cavage(POST, { covered: ['(request-target)', 'host', 'date', 'digest'], parameters: { algorithm: 'hs2019' } }),
    ],
    ['go-fed with SHA-512', cavage(POST, { hash: 'sha512', parameters: { algorithm: 'hs2019' } })],
    ['Hubzilla with SHA-512', cavage(POST, { hash: 'sha512', parameters: { algorithm: 'rsa-sha512' } })],
    ['no algorithm', cavage(POST, { parameters: { algorithm: null } })],
    [
      '(created) and (expires) for a date',
      cavage(POST, { covered: ['(request-target)', '(created)', '(expires)', 'host', 'digest'], parameters: times }),
    ],
    ['a signed GET with a query', cavage(GET, { covered: CAVAGE_GET })],
    ['Mastodon 4.7 by RFC 9421', rfc9421(MODERN_POST)],
    [
      'Fedify by RFC 9421',
      rfc9421(MODERN_POST, {
        covered: ['@method', '@target-uri', '@authority', 'host', 'date', 'content-digest'],
        parameters: { alg: '"rsa-v1_5-sha256"' },
      }),
    ],
    ['the target in parts', rfc9421(MODERN_POST, { covered: ['@method', '@authority', '@path', 'content-digest'] })],
    ['the target in parts, with a query', rfc9421(GET, { covered: ['@method', '@authority', '@path', '@query'] })],
    [
      'every derived component',
      rfc9421(GET, {
        covered: ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query'],
      }),
    ],
    [
      'nonce, tag and expiry',
      rfc9421(MODERN_POST, {
        parameters: { expires: String(SECONDS + 60), nonce: '"a\\"b\\\\c"', tag: '"fediverse"' },
      }),
    ],
    ['PSS', rfc9421(MODERN_POST, { pss: true, parameters: { alg: '"rsa-pss-sha512"' } })],
    ['another label', rfc9421(MODERN_POST, { label: 'proxy.1*' })],
    ['both digests', rfc9421(withExtraHeader(MODERN_POST, 'Digest', `sha-256=${base64Sha(256, BODY)}`))],
    [
      'two digests in a header',
      cavage(
        withHeaders(POST, {
          digest: `unixsum=30637, sha-256=${base64Sha(256, BODY)}, SHA-512=${base64Sha(512, BODY)}`,
        }),
      ),
    ],
    ['the default port in Host', cavage(withHeaders(POST, { host: `${HOST}:443` }))],
  ])('%s', (_, draft) => {
    expect(outcome(draft)).toBe('verified');
  });

  test('Ed25519 by both specifications, labelled or not', () => {
    const key = ED25519.privateKey;
    for (const algorithm of ['hs2019', 'ed25519', null]) {
      expect(outcome(cavage(POST, { key, parameters: { algorithm } }), ED25519.publicKey)).toBe('verified');
    }
    for (const alg of ['"ed25519"', null]) {
      expect(outcome(rfc9421(MODERN_POST, { key, parameters: { alg } }), ED25519.publicKey)).toBe('verified');
    }
  });

  test('an hour of clock skew either way, to the second', () => {
    for (const [skew, expected] of [
      [-HOUR, 'verified'],
      [HOUR, 'verified'],
      [-HOUR - 1, OUTSIDE_WINDOW],
      [HOUR + 1, OUTSIDE_WINDOW],
    ] as const) {
      const date = new Date(NOW + skew * 1000).toUTCString();
      expect(outcome(cavage(withHeaders(POST, { date })))).toBe(expected);
      expect(outcome(rfc9421(MODERN_POST, { created: SECONDS + skew }))).toBe(expected);
    }
  });
});

describe('our own signatures', () => {
  const body = { digest: digestOf(BODY), contentType: 'application/activity+json' };
  const url = new URL(`https://${HOST}/users/bob/inbox?x=1`);
  const common = { url, keyId: KEY_ID, now: NOW };

  function received(method: string, headers: Readonly<Record<string, string>>): Draft {
    return {
      method,
      target: url.pathname + url.search,
      headers: Object.entries(headers),
      ...(method === 'POST' && { body: BODY }),
    };
  }

  test.each([
    ['RSA', RSA],
    ['Ed25519', ED25519],
  ])('%s signatures of POST and GET are accepted', async (_, { privateKey, publicKey }) => {
    for (const sign of [signCavage, signRfc9421]) {
      const post = await sign({ ...common, method: 'POST', privateKey, body });
      expect(outcome(received('POST', post), publicKey)).toBe('verified');
      const get = await sign({ ...common, method: 'GET', privateKey, accept: 'application/activity+json' });
      expect(outcome(received('GET', get), publicKey)).toBe('verified');
    }
  });

  test('a POST is signed in the order and under the label of Mastodon', async () => {
    const headers = await signCavage({ ...common, method: 'POST', privateKey: RSA.privateKey, body });
    expect(Object.keys(headers)).toEqual(['host', 'date', 'digest', 'content-type', 'signature']);
    expect(headers['signature']).toMatch(
      /^keyId="[^"]+",algorithm="rsa-sha256",headers="\(request-target\) host date digest content-type",signature="/,
    );
  });

  test('keys of other types cannot sign', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expect(signCavage({ ...common, method: 'GET', privateKey })).rejects.toThrow(TypeError);
  });
});

describe('what the signature must cover', () => {
  test('A07: a digest that is not covered, does not match, or is absent', () => {
    expect(outcome(cavage(POST, { covered: CAVAGE_GET }))).toBe(TOO_LITTLE);
    expect(outcome(cavage({ ...POST, body: Buffer.from('{}') }))).toBe(MISMATCH);
    expect(outcome(cavage(withHeaders(POST, { digest: undefined }), { covered: CAVAGE_GET }))).toBe(TOO_LITTLE);
    expect(outcome({ ...cavage(GET, { covered: CAVAGE_GET }), body: BODY })).toBe(TOO_LITTLE);
    expect(outcome(cavage({ ...POST, body: Buffer.alloc(0) }, { covered: CAVAGE_GET }))).toBe(TOO_LITTLE);
  });

  test('A08: two digests of which one is wrong, whichever of them is signed', () => {
    const right = base64Sha(256, BODY);
    const wrong = base64Sha(256, Buffer.from('{}'));
    expect(outcome(withExtraHeader(cavage(POST), 'Digest', `SHA-256=${wrong}`))).toBe(DUPLICATE_HEADER);
    expect(outcome(withExtraHeader(cavage(POST), 'digest', `SHA-256=${right}`))).toBe(DUPLICATE_HEADER);
    expect(outcome(withExtraHeader(cavage(POST), 'Content-Digest', `sha-256=:${wrong}:`))).toBe(MISMATCH);
    expect(outcome(withExtraHeader(rfc9421(MODERN_POST), 'Digest', `SHA-256=${wrong}`))).toBe(MISMATCH);
    expect(
      outcome(cavage(withHeaders(POST, { digest: `SHA-256=${right},SHA-512=${base64Sha(512, Buffer.from('{}'))}` }))),
    ).toBe(MISMATCH);
    expect(outcome(cavage(withHeaders(POST, { digest: `SHA-256=${right},SHA-256=${wrong}` })))).toBe(
      '401 malformed digest',
    );
    expect(
      outcome(rfc9421(withHeaders(MODERN_POST, { 'content-digest': `sha-256=:${right}:, sha-256=:${right}:` }))),
    ).toBe('401 malformed digest');
  });

  test.each([
    'MD5=XrY7u+Ae7tCTyyK7j1rNww==',
    'SHA=thvDyvhfIqlvFe+A9MYgxAfm1q5=',
    'constructor=x',
    'SHA-256',
    '',
    'SHA-256=',
    ',',
    'SHA-256=é',
  ])('a digest we cannot check or read is refused: %j', (digest) => {
    expect(outcome(cavage(withHeaders(POST, { digest })))).toMatch(/^401 /);
  });

  test.each(['sha-256=1', 'sha-256=("a")', 'md5=:XrY7u+Ae7tCTyyK7j1rNww==:', '', 'sha-256=:'])(
    'a content digest we cannot check or read is refused: %j',
    (digest) => {
      expect(outcome(rfc9421(withHeaders(MODERN_POST, { 'content-digest': digest })))).toMatch(/^401 .*digest/);
    },
  );

  test('A10: a request signed for another host', () => {
    expect(outcome(cavage(withHeaders(POST, { host: 'other.test' })))).toBe('421 the Host is not served here');
    expect(outcome(cavage(withHeaders(POST, { host: `${HOST}:8443` })))).toBe('421 the Host is not served here');
    expect(outcome(cavage(withHeaders(POST, { host: undefined })))).toBe('400 no Host header');
    const moved = withHeaders(cavage(withHeaders(POST, { host: 'other.test' })), { host: HOST });
    expect(outcome(moved)).toBe('not verified');
  });

  test('N01: by RFC 9421 no content-digest, no @method, no target, no query, or two labels', () => {
    for (const covered of [
      [],
      ['@method'],
      ['@method', '@target-uri'],
      ['@target-uri', 'content-digest'],
      ['@method', '@path', 'content-digest'],
      ['@method', '@authority', 'content-digest'],
    ]) {
      expect(outcome(rfc9421(MODERN_POST, { covered }))).toBe(TOO_LITTLE);
    }
    expect(outcome(rfc9421(GET, { covered: ['@method', '@authority', '@path'] }))).toBe(TOO_LITTLE);
    const first = rfc9421(MODERN_POST);
    const second = rfc9421(MODERN_POST, { label: 'sig2' });
    const join = (name: string): string =>
      [first, second].map(({ headers }) => headers.find(([key]) => key === name)?.[1]).join(', ');
    const both = withHeaders(MODERN_POST, { 'signature-input': join('signature-input'), signature: join('signature') });
    expect(outcome(both)).toBe('401 not exactly one well-formed signature');
  });

  test.each(CAVAGE_POST.slice(0, 4))('a cavage signature without %s', (left) => {
    expect(outcome(cavage(POST, { covered: CAVAGE_POST.filter((name) => name !== left) }))).toBe(TOO_LITTLE);
  });

  test('a cavage signature that lists no headers, which then means the date alone', () => {
    expect(outcome(cavage(POST, { covered: ['date'], parameters: { headers: null } }))).toMatch(/^401 /);
  });

  test('N02: a covered header that is absent or repeated; a Content-Digest that is wrong and not covered', () => {
    const absent = [...CAVAGE_POST, 'x-absent'];
    expect(outcome(cavage(POST, { covered: absent }))).toBe(ABSENT);
    expect(outcome(rfc9421(MODERN_POST, { covered: [...RFC9421_POST, 'x-absent'] }))).toMatch(
      /^401 a covered component/,
    );
    const covered = [...CAVAGE_POST, 'accept'];
    const twice = withExtraHeader(cavage(withHeaders(POST, { accept: 'a' }), { covered }), 'Accept', 'b');
    expect(outcome(twice)).toBe(ABSENT);
    expect(outcome(cavage(POST, { covered: [...CAVAGE_POST, '(created)'] }))).toMatch(/^401 /);
    const wrong = withHeaders(rfc9421(MODERN_POST), {
      'content-digest': `sha-256=:${base64Sha(256, Buffer.from('x'))}:`,
    });
    expect(outcome(wrong)).toBe(MISMATCH);
    const uncovered = rfc9421(withHeaders(GET, { 'content-digest': `sha-256=:${base64Sha(256, BODY)}:` }), {
      covered: ['@method', '@target-uri'],
    });
    expect(outcome(uncovered)).toBe(MISMATCH);
  });

  test.each([
    ['an unknown derived component', ['@status']],
    ['a query parameter', ['@query-param']],
    ['the parameters themselves', ['@signature-params']],
    ['an upper-case name', ['Host']],
    ['a name twice', ['@method']],
  ])('RFC 9421 with %s', (_, more) => {
    expect(outcome(rfc9421(MODERN_POST, { covered: [...RFC9421_POST, ...more] }))).toMatch(/^401 /);
  });

  test.each([
    '("@method" "@target-uri";req "content-digest")',
    '("@method" "@target-uri" "content-digest";sf)',
    '("@method" "@target-uri" content-digest)',
  ])('components with parameters or that are no strings: %s', (input) => {
    const signed = withHeaders(rfc9421(MODERN_POST), {
      'signature-input': `sig1=${input};created=${SECONDS};keyid="${KEY_ID}"`,
    });
    expect(outcome(signed)).toBe('401 malformed or unsupported list of covered components');
  });

  test('a component that looks like a derived one is not looked up among the headers', () => {
    for (const name of ['(foo)', '@status']) {
      expect(outcome(cavage(withExtraHeader(POST, name, 'x'), { covered: [...CAVAGE_POST, name] }))).toBe(ABSENT);
      const signed = rfc9421(withExtraHeader(MODERN_POST, name, 'x'), { covered: [...RFC9421_POST, name] });
      expect(outcome(signed)).toMatch(/^401 a covered component/);
    }
  });

  test('white space around a value is no part of it', () => {
    const spaced = (draft: Draft): Draft => ({
      ...draft,
      headers: draft.headers.map(([name, value]) => [name, name === 'Host' ? value : `\t ${value} \t`] as const),
    });
    expect(outcome(spaced(cavage(POST)))).toBe('verified');
    expect(outcome(spaced(rfc9421(MODERN_POST, { covered: [...RFC9421_POST, 'user-agent'] })))).toBe('verified');
  });

  test('any change to what is covered breaks the signature', () => {
    const get = cavage(GET, { covered: CAVAGE_GET });
    expect(outcome({ ...get, target: '/users/bob?page=false' })).toBe('not verified');
    expect(outcome({ ...get, method: 'HEAD' })).toBe('not verified');
    expect(outcome(withHeaders(get, { date: new Date(NOW - 1000).toUTCString() }))).toBe('not verified');
    const modern = rfc9421(MODERN_POST);
    expect(outcome({ ...modern, target: '/users/bob/inbox' })).toBe('not verified');
    expect(outcome({ ...modern, method: 'PUT' })).toBe('not verified');
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(outcome(modern, other.publicKey)).toBe('not verified');
  });
});

describe('when a signature is good', () => {
  test('A11: a Date 25 hours old or two hours ahead, or past expiry', () => {
    const dated = (offset: number): Draft =>
      cavage(withHeaders(POST, { date: new Date(NOW + offset * 1000).toUTCString() }));
    expect(outcome(dated(-25 * HOUR))).toBe(OUTSIDE_WINDOW);
    expect(outcome(dated(2 * HOUR))).toBe(OUTSIDE_WINDOW);
    const covered = ['(request-target)', 'host', 'digest', '(created)', '(expires)'];
    const parameters = { algorithm: 'hs2019', created: SECONDS - 60, expires: SECONDS - 1 };
    expect(outcome(cavage(POST, { covered, parameters }))).toBe(EXPIRED);
    expect(outcome(cavage(POST, { parameters: { expires: SECONDS - 1 } }))).toBe(EXPIRED);
    expect(outcome(cavage(POST, { parameters: { created: SECONDS - 2 * HOUR } }))).toBe(OUTSIDE_WINDOW);
    for (const time of [
      'soon',
      '',
      ` ${SECONDS}`,
      `${SECONDS}.5`,
      `0x${SECONDS.toString(16)}`,
      String(SECONDS * 1000),
    ]) {
      expect(outcome(cavage(POST, { parameters: { created: time } })), time).toBe(OUTSIDE_WINDOW);
    }
    expect(outcome(cavage(POST, { parameters: { expires: 'soon' } }))).toBe(EXPIRED);
  });

  test('N03: expires in the past, created in the future or the past, or no created', () => {
    expect(outcome(rfc9421(MODERN_POST, { parameters: { expires: String(SECONDS - 1) } }))).toBe(EXPIRED);
    expect(outcome(rfc9421(MODERN_POST, { parameters: { expires: '"soon"' } }))).toBe(EXPIRED);
    expect(outcome(rfc9421(MODERN_POST, { created: SECONDS + 2 * HOUR }))).toBe(OUTSIDE_WINDOW);
    expect(outcome(rfc9421(MODERN_POST, { created: SECONDS - 2 * HOUR }))).toBe(OUTSIDE_WINDOW);
    expect(outcome(rfc9421(MODERN_POST, { parameters: { created: null } }))).toBe(OUTSIDE_WINDOW);
    expect(outcome(rfc9421(MODERN_POST, { parameters: { created: `${SECONDS}.5` } }))).toBe(OUTSIDE_WINDOW);
    const stale = withHeaders(MODERN_POST, { date: new Date(NOW - 25 * HOUR * 1000).toUTCString() });
    expect(outcome(rfc9421(stale, { covered: [...RFC9421_POST, 'date'] }))).toBe(OUTSIDE_WINDOW);
  });
});

describe('which key and algorithm', () => {
  const pem = RSA.publicKey.export({ format: 'pem', type: 'spki' }).toString();

  test('A16: labels hmac, none, rsa-sha1 and unknown ones, whatever the signature', () => {
    for (const algorithm of ['hmac-sha256', 'none', 'rsa-sha1', 'constructor', '', 'RSA-SHA256', 'rsa-v1_5-sha256']) {
      expect(outcome(cavage(POST, { parameters: { algorithm } }))).toBe(UNKNOWN_ALGORITHM);
    }
    for (const alg of ['"hmac-sha256"', '"none"', '"rsa-sha1"', '"rsa-v1_5-sha1"', '"hs2019"', 'ed25519', '1', '?1']) {
      expect(outcome(rfc9421(MODERN_POST, { parameters: { alg } }))).toBe(UNKNOWN_ALGORITHM);
    }
  });

  test('A16: a label that does not fit the key', () => {
    expect(outcome(cavage(POST, { key: ED25519.privateKey }), ED25519.publicKey)).toBe('not verified');
    expect(outcome(cavage(POST, { parameters: { algorithm: 'ed25519' } }))).toBe('not verified');
    expect(outcome(cavage(POST, { hash: 'sha512' }))).toBe('not verified');
    expect(outcome(rfc9421(MODERN_POST, { pss: true }))).toBe('not verified');
    expect(outcome(rfc9421(MODERN_POST, { parameters: { alg: '"rsa-pss-sha512"' } }))).toBe('not verified');
  });

  test('A16: a key that is secret, private, short or of another type verifies nothing', () => {
    const secret = createSecretKey(Buffer.from(pem));
    const forged = createHmac('sha256', pem).update('anything').digest('base64');
    const parameters = { algorithm: 'hs2019', signature: forged };
    expect(outcome(cavage(POST, { parameters }))).toBe('not verified');
    expect(outcome(cavage(POST, { parameters }), secret)).toBe('not verified');
    expect(outcome(cavage(POST), RSA.privateKey)).toBe('not verified');
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const { privateKey, publicKey } of [short, elliptic]) {
      const signed = cavage(POST, { key: privateKey, parameters: { algorithm: 'hs2019' } });
      expect(outcome(signed, publicKey)).toBe('not verified');
    }
  });

  test('public keys that are weak, slow to use or of other types are not read', () => {
    const modulus = (bits: number): string => Buffer.alloc(bits / 8, 0xc3).toString('base64url');
    const fromJwk = (n: string, e: string): KeyObject => createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    const keys = [
      fromJwk(modulus(1024), 'AQAB'),
      fromJwk(modulus(16384), 'AQAB'),
      fromJwk(modulus(2048), 'AQ'),
      fromJwk(modulus(2048), modulus(2040)),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
      generateKeyPairSync('x25519').publicKey,
    ];
    const read = (key: KeyObject): KeyObject | undefined =>
      parsePublicKeyPem(key.export({ format: 'pem', type: 'spki' }).toString());
    for (const key of keys) expect(read(key)).toBeUndefined();
    expect(read(fromJwk(modulus(2048), 'AQAB'))).toBeDefined();
    expect(read(fromJwk(modulus(8192), 'AQAB'))).toBeDefined();
  });

  test('public keys are read from SPKI and PKCS#1, also on one line or with CRLF', () => {
    const pkcs1 = RSA.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString();
    const oneLine = pem.replace(/(?<!-----)\n(?!-----)/g, '');
    for (const text of [pem, pkcs1, oneLine, pem.replaceAll('\n', '\r\n'), ` ${pem}\n\n`]) {
      expect(parsePublicKeyPem(text)?.equals(RSA.publicKey)).toBe(true);
    }
    const edPem = ED25519.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    expect(parsePublicKeyPem(edPem)?.equals(ED25519.publicKey)).toBe(true);
  });

  test('what is no single public key is not read', () => {
    const privatePem = RSA.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const bad = [
      '',
      'garbage',
      privatePem,
      pem + pem,
      pem.replaceAll('PUBLIC', 'RSA PUBLIC'),
      pem.slice(0, -40),
      pem.replace('MII', 'AAA'),
      pem + ' '.repeat(5000),
    ];
    for (const text of bad) expect(parsePublicKeyPem(text)).toBeUndefined();
  });

  test('a Multikey is read when it is an Ed25519 key, as Fedify writes it', async () => {
    const cryptoKey = ED25519.publicKey.toCryptoKey('Ed25519', true, ['verify']);
    const multibase = await exportMultibaseKey(cryptoKey);
    expect(parseMultikey(multibase)?.equals(ED25519.publicKey)).toBe(true);
    const known = parseMultikey('z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK');
    expect(known?.asymmetricKeyType).toBe('ed25519');
    const x25519 = 'z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc';
    for (const text of [
      x25519,
      '',
      'z',
      'z6Mk',
      multibase.slice(1),
      `${multibase}1`,
      `u${multibase}`,
      'z0OIl',
      `z${'2'.repeat(100_000)}`,
    ]) {
      expect(parseMultikey(text)).toBeUndefined();
    }
  });
});

describe('how a signature is written', () => {
  test('A17: duplicate headers', () => {
    const signed = cavage(POST);
    for (const [name, value] of signed.headers.filter(([header]) => /^(host|date|digest|signature)$/i.test(header))) {
      expect(outcome(withExtraHeader(signed, name.toUpperCase(), value))).toBe(DUPLICATE_HEADER);
    }
    const modern = rfc9421(MODERN_POST);
    for (const [name, value] of modern.headers.filter(([header]) =>
      /^(content-digest|signature|signature-input)$/i.test(header),
    )) {
      expect(outcome(withExtraHeader(modern, name, value))).toBe(DUPLICATE_HEADER);
    }
  });

  test('A17: duplicate parameters, also in another case', () => {
    for (const name of ['keyId', 'signature', 'headers', 'algorithm', 'keyid']) {
      const twice = cavage(POST).headers.map(
        ([key, value]) => [key, key === 'signature' ? `${value},${name}="https://evil.test/key"` : value] as const,
      );
      expect(outcome({ ...POST, headers: twice })).toBe(DUPLICATE_PARAMETER);
    }
    expect(outcome(cavage(POST, { covered: [...CAVAGE_POST, 'host'] }))).toBe('400 a covered header is listed twice');
    const twice = rfc9421(MODERN_POST).headers.map(
      ([key, value]) => [key, key === 'signature-input' ? `${value};keyid="x"` : value] as const,
    );
    expect(outcome({ ...MODERN_POST, headers: twice })).toBe(DUPLICATE_PARAMETER);
    const labels = rfc9421(MODERN_POST).headers.map(
      ([key, value]) => [key, key.startsWith('signature') ? `${value}, ${value}` : value] as const,
    );
    expect(outcome({ ...MODERN_POST, headers: labels })).toBe(DUPLICATE_PARAMETER);
  });

  test('A17: line breaks and other control characters in the key id or a covered header', () => {
    for (const character of ['\r\n', '\n', '\r', '\0', '\u007f', 'é', '\u2028']) {
      const keyId = `https://remote.test/${character}x: y`;
      expect(outcome(cavage(POST, { parameters: { keyId } }))).toMatch(/^40[01] /);
      expect(outcome(rfc9421(MODERN_POST, { keyId }))).toMatch(/^40[01] /);
      const covered = [...CAVAGE_POST, 'x-note'];
      expect(outcome(cavage(withHeaders(POST, { 'x-note': `a${character}b` }), { covered }))).toMatch(/^401 /);
    }
  });

  test('N04: a Date that is garbage', () => {
    for (const date of [
      'garbage',
      '',
      '0',
      '1',
      new Date(NOW).toISOString(),
      String(NOW),
      new Date(NOW).toUTCString().replace('GMT', '+0100'),
    ]) {
      expect(outcome(cavage(withHeaders(POST, { date })))).toBe(OUTSIDE_WINDOW);
    }
  });

  test('N04: a signature that is not base64', () => {
    for (const signature of ['', '!!!', 'YQ', 'YR==', 'YQ==\\', 'Y Q==', 'YQ-_']) {
      expect(outcome(cavage(POST, { parameters: { signature } }))).toMatch(/^401 /);
    }
    for (const signature of ['sig1=:!!:', 'sig1=:YQ:', 'sig1="YQ=="', 'sig1', 'YQ==', '', 'sig1=:YQ==']) {
      expect(outcome(withHeaders(rfc9421(MODERN_POST), { signature }))).toMatch(/^401 /);
    }
    expect(outcome(cavage(POST, { parameters: { signature: 'YQ==' } }))).toBe('not verified');
    expect(outcome(withHeaders(rfc9421(MODERN_POST), { signature: 'sig1=::' }))).toBe('not verified');
  });

  test('N04: a key id that is no http(s) URL, or more than one', () => {
    const long = `https://remote.test/${'a'.repeat(2048)}`;
    const ids = [
      '',
      'alice',
      '/users/alice',
      'acct:alice@remote.test',
      'did:key:z6Mk',
      'ftp://remote.test/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'https://',
      'https:remote.test',
      'https://alice@remote.test/',
      'https://a:b@remote.test/',
      'https:\\\\remote.test/',
      'https://remote.test/ x',
      'https://remote.test:99999/',
      'https://[::1',
      'https://rem<ote.test/',
      'https://parvis。test/',
      long,
    ];
    for (const keyId of ids) {
      expect(outcome(cavage(POST, { parameters: { keyId } })), keyId).toMatch(/^401 /);
      expect(outcome(rfc9421(MODERN_POST, { keyId })), keyId).toMatch(/^401 /);
    }
    expect(outcome(cavage(POST, { parameters: { keyId: 'acct:alice@remote.test' } }))).toBe(BAD_KEY_ID);
    expect(outcome(cavage(POST, { parameters: { keyId: null } }))).toBe(BAD_KEY_ID);
    expect(outcome(rfc9421(MODERN_POST, { parameters: { keyid: null } }))).toBe(BAD_KEY_ID);
  });

  test.each([
    '',
    'x',
    'keyId',
    'keyId=',
    'keyId="a"',
    'keyId="a" signature="b"',
    'keyId="a",',
    ',keyId="a"',
    'keyId="a\\"b"',
    'Signature keyId="a"',
    '{}',
    'a=1',
  ])('a Signature header that is malformed or lacks its parameters: %j', (signature) => {
    expect(outcome(withHeaders(POST, { signature }))).toMatch(/^401 /);
  });

  test('no signature, or half of one', () => {
    expect(outcome(POST)).toBe('401 not signed');
    expect(outcome(withHeaders(rfc9421(MODERN_POST), { signature: undefined }))).toBe('401 not signed');
    expect(outcome(withHeaders(rfc9421(MODERN_POST), { 'signature-input': undefined }))).toMatch(/^401 /);
    expect(outcome(withHeaders(cavage(POST), { 'signature-input': 'sig1=("@method");created=1' }))).toMatch(/^401 /);
    const relabelled = withHeaders(rfc9421(MODERN_POST), { signature: 'sig2=:YQ==:' });
    expect(outcome(relabelled)).toBe('401 malformed signature fields');
  });

  test('a request line that is not one: absolute targets, spaces, lower-case methods', () => {
    const signed = cavage(POST);
    for (const target of ['https://parvis.test/inbox', 'inbox', '', '*', '/in box', '/inbóx', '/inbox\n']) {
      expect(outcome({ ...signed, target })).toBe('400 malformed request line');
    }
    expect(outcome({ ...signed, method: 'post' })).toBe('400 malformed request line');
  });
});

describe('whatever comes in', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'Signature',
      'signature-input',
      'Host',
      'DATE',
      'digest',
      'Content-Digest',
      '__proto__',
      'constructor',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom(...'keyId="signature,headers=()(request-target) @method;:?*1.\\'.split('')),
      maxLength: 120,
    }),
    fc.constantFrom(
      HOST,
      'sig1=("@method" "@target-uri");created=1',
      'keyId="https://a.test/",signature="YQ==",headers="date"',
    ),
  );

  test('parsing and verifying never throw', () => {
    const request = fc.record({
      method: fc.oneof(fc.constantFrom('POST', 'GET'), fc.string()),
      target: fc.oneof(fc.webPath(), fc.string({ unit: 'binary' })),
      headers: fc.array(fc.tuple(name, value), { maxLength: 12 }),
      body: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
    });
    const check = ({
      body,
      headers,
      ...draft
    }: {
      method: string;
      target: string;
      headers: [string, string][];
      body: Uint8Array | undefined;
    }): void => {
      const withHost: Draft['headers'] = [['host', HOST], ...headers];
      expect(outcome({ ...draft, headers: withHost, ...(body && { body: Buffer.from(body) }) })).toMatch(
        /^(400|401|421) /,
      );
    };
    fc.assert(fc.property(request, check), { numRuns: 2000 });
  });

  test('what a signature covers cannot be edited, by any character in any header', () => {
    const drafts = [cavage(POST), rfc9421(withHeaders(MODERN_POST, { date: undefined }))];
    const edit = fc.record({
      draft: fc.constantFrom(...drafts),
      header: fc.nat(),
      at: fc.nat(),
      to: fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom(' ', ',', '"', ';', '')),
    });
    fc.assert(
      fc.property(edit, ({ draft, header, at, to }) => {
        const headers = draft.headers.map(([key, text], index) => {
          if (index !== header % draft.headers.length) return [key, text] as const;
          const start = at % text.length;
          return [key, text.slice(0, start) + to + text.slice(start + 1)] as const;
        });
        const edited = { ...draft, headers };
        if (outcome(edited) === 'verified') expect(coveredValues(edited)).toEqual(coveredValues(draft));
      }),
      { numRuns: 2000 },
    );
  });
});

/** White space at the ends is no part of a value, nor is the case of a host. */
function coveredValues(draft: Draft): readonly (string | undefined)[] {
  const values = ['date', 'digest', 'content-digest'].map((name) => headerOf(draft, name)?.trim());
  const parsed = parse(draft);
  const key = parsed.ok && parsed.spec === 'rfc9421' ? parsed.keyId : undefined;
  return [headerOf(draft, 'host')?.toLowerCase(), key, ...values];
}
