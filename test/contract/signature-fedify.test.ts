/**
 * Our verifier of HTTP signatures against Fedify's. They agree on generated requests, right and wrong; the two tables below name all the
 * kinds of request on which they do not, and should a new Fedify change its mind on one, its row fails.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type KeyCache, verifyRequest } from '@fedify/fedify';
import { type DocumentLoader, getDocumentLoader } from '@fedify/vocab-runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSignedRequest } from '#activitypub/signature.ts';
import {
  base64Sha,
  type CavageSignature,
  type Draft,
  headerOf,
  HOST,
  type Rfc9421Signature,
  SCHEME,
  signByCavage,
  signByRfc9421,
  withHeaders,
} from '../support/http-signing.ts';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const SECONDS = NOW / 1000;
const HOUR = 3600;
const RUNS = 1000;
const SEED = 20261123;

const keyIdOf = (name: string): string => `https://remote.test/users/${name}#main-key`;
const PAIRS = {
  alice: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  bob: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  carol: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  weak: generateKeyPairSync('rsa', { modulusLength: 1024 }),
};
const ED25519 = generateKeyPairSync('ed25519');
const PUBLIC_KEYS: ReadonlyMap<string, KeyObject> = new Map([
  ...Object.entries(PAIRS).map(([name, pair]) => [keyIdOf(name), pair.publicKey] as const),
  [keyIdOf('edward'), ED25519.publicKey],
]);

function accepts({ method, target, headers, body }: Draft): boolean {
  const options = { hosts: new Set([HOST]), scheme: SCHEME, now: NOW } as const;
  const parsed = parseSignedRequest({ method, target, rawHeaders: headers.flat(), body }, options);
  const key = parsed.ok ? PUBLIC_KEYS.get(parsed.keyId) : undefined;
  return parsed.ok && key !== undefined && parsed.verify(key);
}

const contextLoader = getDocumentLoader(); // Has the contexts of our actors built in.

const documentLoader: DocumentLoader = (url) => {
  const publicKey = PUBLIC_KEYS.get(url);
  const id = url.replace(/#.*/, '');
  if (publicKey === undefined) return Promise.reject(new Error(`nothing is served at ${url}`));
  const document = {
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    id,
    type: 'Person',
    inbox: `${id}/inbox`,
    publicKey: { id: url, owner: id, publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }) },
  };
  return Promise.resolve({ contextUrl: null, document, documentUrl: id });
};

const cachedKeys = new Map<string, Awaited<ReturnType<KeyCache['get']>>>();
const keyCache: KeyCache = {
  get: (keyId) => Promise.resolve(cachedKeys.get(keyId.href)),
  set: (keyId, key) => Promise.resolve(void cachedKeys.set(keyId.href, key)),
};

/** Its exceptions (at a garbage Date, at a signature that is not base64) count as refusals. */
async function fedifyAccepts({ method, target, headers, body }: Draft): Promise<boolean> {
  const request = new Request(`${SCHEME}://${HOST}${target}`, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    ...(body && { body: new Uint8Array(body) }),
  });
  const currentTime = Temporal.Instant.fromEpochMilliseconds(NOW);
  const options = { documentLoader, contextLoader, keyCache, currentTime, timeWindow: { hours: 1 } };
  return verifyRequest(request, options).then(
    (key) => key !== null,
    () => false,
  );
}

/** A request before it is signed, and how it will be: what the changes under test apply to. */
interface Cavage {
  readonly draft: Draft;
  readonly signature: CavageSignature;
}

interface Rfc9421 {
  readonly draft: Draft;
  readonly signature: Rfc9421Signature;
}

/** A way to spoil a request: before it is signed, or after. */
interface Change<T> {
  readonly before?: (request: T) => T;
  readonly after?: (signed: Draft) => Draft;
}

const body = fc.json({ maxDepth: 2 }).map((json) => Buffer.from(json));
const path = fc.constantFrom('/inbox', '/users/bob/inbox', '/users/b%C3%B6b/inbox', '/a.b/~c/inbox/');
const skew = fc.integer({ min: 2 - HOUR, max: HOUR - 2 });
const signer = fc.constantFrom('alice' as const, 'bob' as const);
const extras = fc.subarray(['content-type', 'user-agent', 'accept', 'x-request-id']);

const unsigned = fc
  .record({ method: fc.constantFrom('POST', 'POST', 'POST', 'GET'), target: path, body, skew })
  .map(({ skew: offset, ...draft }): Draft => {
    const headers: Draft['headers'] = [
      ['Host', HOST],
      ['Date', new Date(NOW + offset * 1000).toUTCString()],
      ['Content-Type', 'application/activity+json'],
      ['User-Agent', 'Mastodon/4.7.0 (+https://remote.test/)'],
      ['Accept', 'application/activity+json, application/ld+json'],
      ['X-Request-Id', '5f0c7d1e'],
    ];
    const { body: content, ...rest } = draft;
    return draft.method === 'POST' ? { ...rest, headers, body: content } : { ...rest, headers };
  });

const cavageRequest = fc
  .record({
    draft: unsigned,
    signer,
    extras,
    algorithm: fc.constantFrom('rsa-sha256', 'hs2019', null),
    digestName: fc.constantFrom('SHA-256', 'sha-256'),
    created: fc.option(skew, { nil: null }),
    expires: fc.option(fc.nat({ max: HOUR }), { nil: null }),
    order: fc.nat(),
  })
  .map(({ draft, signer: name, extras: more, algorithm, digestName, created, expires, order }): Cavage => {
    const digest = draft.body && `${digestName}=${base64Sha(256, draft.body)}`;
    const covered = ['(request-target)', 'host', 'date', ...(digest === undefined ? [] : ['digest']), ...more];
    const rotation = order % covered.length;
    return {
      draft: withHeaders(draft, { digest }),
      signature: {
        key: PAIRS[name].privateKey,
        covered: [...covered.slice(rotation), ...covered.slice(0, rotation)],
        parameters: {
          keyId: keyIdOf(name),
          algorithm,
          created: created === null ? null : SECONDS + created,
          expires: expires === null ? null : SECONDS + expires,
        },
      },
    };
  });

const rfc9421Request = fc
  .record({
    draft: unsigned,
    signer,
    extras,
    query: fc.constantFrom('', '?page=true', '?a=b&c=%20d'),
    alg: fc.constantFrom('"rsa-v1_5-sha256"', null),
    label: fc.constantFrom('sig1', 'sig', 'x-1.2'),
    created: skew,
    more: fc.subarray(['@authority', '@scheme', '@path', 'host', 'date']),
    nonce: fc.option(fc.constantFrom('"n"', '"a\\"b\\\\c"'), { nil: null }),
    parts: fc.boolean(),
  })
  .map(({ draft, signer: name, extras: fields, query, alg, label, created, more, nonce, parts }): Rfc9421 => {
    const digest = draft.body && `sha-256=:${base64Sha(256, draft.body)}:`;
    const target = parts ? ['@authority', '@path'] : ['@target-uri'];
    const covered = ['@method', ...target, ...(digest === undefined ? [] : ['content-digest']), ...more, ...fields];
    return {
      draft: withHeaders({ ...draft, target: draft.target + (parts ? '' : query) }, { 'content-digest': digest }),
      signature: {
        key: PAIRS[name].privateKey,
        keyId: keyIdOf(name),
        covered: [...new Set(covered)],
        label,
        created: SECONDS + created,
        parameters: { alg, nonce },
      },
    };
  });

const otherBody = Buffer.from('{"type":"Delete"}');
const moved = (draft: Draft): Draft => ({ ...draft, target: `/evil${draft.target}` });
const edit = (name: string, change: (value: string) => string) => ({
  after: (draft: Draft): Draft => withHeaders(draft, { [name]: change(headerOf(draft, name) ?? '') }),
});
const flip = (base64: string): string =>
  base64.replace(/[A-Za-z](?=[A-Za-z0-9+/]{20})/, (digit) => (digit === 'A' ? 'B' : 'A'));
const dated = (offset: number): string => new Date(NOW + offset * 1000).toUTCString();

function resigned<T extends Cavage | Rfc9421>(signature: Partial<T['signature']>) {
  return { before: (request: T): T => ({ ...request, signature: { ...request.signature, ...signature } }) };
}

function uncovered<T extends Cavage | Rfc9421>(...names: readonly string[]) {
  return {
    before: (request: T): T => {
      const covered = request.signature.covered.filter((name) => !names.includes(name));
      return { ...request, signature: { ...request.signature, covered } };
    },
  };
}

function withParameter<T extends Cavage | Rfc9421>(parameters: Readonly<Record<string, string | number | null>>) {
  return {
    before: (request: T): T => ({
      ...request,
      signature: { ...request.signature, parameters: { ...request.signature.parameters, ...parameters } },
    }),
  };
}

function redrafted<T extends Cavage | Rfc9421>(headers: Readonly<Record<string, string | undefined>>) {
  return { before: (request: T): T => ({ ...request, draft: withHeaders(request.draft, headers) }) };
}

const CHANGES_TO_BOTH = {
  'the signature is absent': { after: (draft: Draft) => withHeaders(draft, { signature: undefined }) },
  'the signature is empty': edit('signature', () => ''),
  'one digit of the signature differs': edit('signature', (value) => value.replace(/[^":=]{100,}/, flip)),
  'the signature is cut': edit('signature', (value) => value.replace(/[^":=]{100,}/, (base64) => base64.slice(0, -8))),
  'the path differs': { after: moved },
  'the method differs': { after: (draft: Draft) => ({ ...draft, method: draft.method === 'GET' ? 'HEAD' : 'PUT' }) },
} as const;

const CAVAGE_CHANGES: Readonly<Record<string, Change<Cavage>>> = {
  ...CHANGES_TO_BOTH,
  'another key signed': withParameter({ keyId: keyIdOf('carol') }),
  'the key is unknown': withParameter({ keyId: keyIdOf('nobody') }),
  'the key id is no URL': withParameter({ keyId: 'alice' }),
  'no key id': withParameter({ keyId: null }),
  'no list of headers': withParameter({ headers: null }),
  'no signature parameter': edit('signature', (value) => value.replace(/signature="[^"]*",?/, '')),
  'not base64': edit('signature', (value) => value.replace(/signature="[^"]*"/, 'signature="***"')),
  'the target is not covered': uncovered('(request-target)'),
  'the date is not covered': uncovered('date'),
  'the Date is old': redrafted({ date: dated(-25 * HOUR) }),
  'the Date is in the future': redrafted({ date: dated(2 * HOUR) }),
  'the Date is garbage': redrafted({ date: 'yesterday' }),
  'no Date': redrafted({ date: undefined }),
  'the Date differs': edit('date', (value) =>
    value.replace(/\d\d GMT/, (seconds) => (seconds === '00 GMT' ? '01 GMT' : '00 GMT')),
  ),
  'the Host differs': edit('host', () => 'other.test'),
  expired: withParameter({ expires: SECONDS - 1 }),
  'created long ago': withParameter({ created: SECONDS - HOUR - 60 }),
  'created in the future': withParameter({ created: SECONDS + HOUR + 60 }),
};

/** Those that need a body. */
const CAVAGE_BODY_CHANGES: Readonly<Record<string, Change<Cavage>>> = {
  'the body differs': { after: (draft) => ({ ...draft, body: otherBody }) },
  'body and digest differ': {
    after: (draft) => withHeaders({ ...draft, body: otherBody }, { digest: `SHA-256=${base64Sha(256, otherBody)}` }),
  },
  'the digest is of another body': redrafted({ digest: `SHA-256=${base64Sha(256, otherBody)}` }),
  'a second, wrong digest': {
    before: ({ draft, signature }) => ({
      signature,
      draft: withHeaders(draft, { digest: `${headerOf(draft, 'digest')},SHA-512=${base64Sha(512, otherBody)}` }),
    }),
  },
  'the digest is not covered': uncovered('digest'),
  'no digest': { ...uncovered('digest'), after: (draft) => withHeaders(draft, { digest: undefined }) },
  'a digest by MD5 alone': redrafted({ digest: 'MD5=XrY7u+Ae7tCTyyK7j1rNww==' }),
};

const RFC9421_CHANGES: Readonly<Record<string, Change<Rfc9421>>> = {
  ...CHANGES_TO_BOTH,
  'another key signed': resigned({ keyId: keyIdOf('carol') }),
  'the key is unknown': resigned({ keyId: keyIdOf('nobody') }),
  'the key id is no URL': resigned({ keyId: 'alice' }),
  'no key id': withParameter({ keyid: null }),
  'no created': withParameter({ created: null }),
  'created long ago': resigned({ created: SECONDS - HOUR - 60 }),
  'created in the future': resigned({ created: SECONDS + HOUR + 60 }),
  'created differs': edit('signature-input', (value) => value.replace(/created=\d+/, `created=${SECONDS + HOUR - 1}`)),
  'a parameter is added': edit('signature-input', (value) => `${value};tag="x"`),
  'a component is added': edit('signature-input', (value) => value.replace(')', ' "x-request-id2")')),
  hmac: withParameter({ alg: '"hmac-sha256"' }),
  'an unknown algorithm': withParameter({ alg: '"rot13"' }),
  'the labels differ': edit('signature', (value) => `other${value}`),
  'malformed input': edit('signature-input', (value) => value.replace(')', '')),
  'no input': { after: (draft) => withHeaders(draft, { 'signature-input': undefined }) },
  'the query differs': {
    before: (request) => {
      const covered = [...request.signature.covered.filter((name) => name !== '@target-uri'), '@target-uri'];
      return { ...request, signature: { ...request.signature, covered } };
    },
    after: (draft) => ({ ...draft, target: `${draft.target}${draft.target.includes('?') ? '&' : '?'}x=1` }),
  },
};

const RFC9421_BODY_CHANGES: Readonly<Record<string, Change<Rfc9421>>> = {
  'the body differs': { after: (draft) => ({ ...draft, body: otherBody }) },
  'body and digest differ': {
    after: (draft) =>
      withHeaders({ ...draft, body: otherBody }, { 'content-digest': `sha-256=:${base64Sha(256, otherBody)}:` }),
  },
  'the digest is of another body': redrafted({ 'content-digest': `sha-256=:${base64Sha(256, otherBody)}:` }),
  'no digest': { after: (draft) => withHeaders(draft, { 'content-digest': undefined }) },
  'a digest by MD5 alone': redrafted({ 'content-digest': 'md5=:XrY7u+Ae7tCTyyK7j1rNww==:' }),
};

function apply<T extends Cavage | Rfc9421>(request: T, change: Change<T>, sign: (request: T) => Draft): Draft {
  const signed = sign(change.before?.(request) ?? request);
  return change.after?.(signed) ?? signed;
}

const signCavage = ({ draft, signature }: Cavage): Draft => signByCavage(draft, signature);
const signRfc9421 = ({ draft, signature }: Rfc9421): Draft => signByRfc9421(draft, signature);

/** Two generated requests in five stay as they are; the others take the changes in turn. */
async function compare<T extends Cavage | Rfc9421>(
  requests: readonly T[],
  changes: {
    readonly any: Readonly<Record<string, Change<T>>>;
    readonly withBody: Readonly<Record<string, Change<T>>>;
  },
  sign: (request: T) => Draft,
) {
  const counts = new Map<string, number>();
  const disagreements: string[] = [];
  for (const [number, request] of requests.entries()) {
    const candidates = { ...changes.any, ...(request.draft.body && changes.withBody) };
    const names = Object.keys(candidates).toSorted((one, other) => (counts.get(one) ?? 0) - (counts.get(other) ?? 0));
    const name = number % 5 < 2 ? 'nothing' : (names[0] ?? 'nothing');
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const draft = apply(request, candidates[name] ?? {}, sign);
    const verdicts = { ours: accepts(draft), fedify: await fedifyAccepts(draft) };
    const expected = name === 'nothing';
    if (verdicts.ours !== expected || verdicts.fedify !== expected) {
      disagreements.push(JSON.stringify({ name, ...verdicts, ...draft, body: draft.body?.toString() }));
    }
  }
  return { disagreements, unchanged: counts.get('nothing'), fewest: Math.min(...counts.values()) };
}

describe('Fedify and we agree on generated requests', () => {
  const verdict = {
    disagreements: [],
    unchanged: (RUNS * 2) / 5,
    fewest: expect.toSatisfy((count: number) => count > 10),
  };

  test('1,000 by draft-cavage', async () => {
    const requests = fc.sample(cavageRequest, { seed: SEED, numRuns: RUNS });
    const changes = { any: CAVAGE_CHANGES, withBody: CAVAGE_BODY_CHANGES };
    expect(await compare(requests, changes, signCavage)).toEqual(verdict);
  });

  test('1,000 by RFC 9421', async () => {
    const requests = fc.sample(rfc9421Request, { seed: SEED, numRuns: RUNS });
    const changes = { any: RFC9421_CHANGES, withBody: RFC9421_BODY_CHANGES };
    expect(await compare(requests, changes, signRfc9421)).toEqual(verdict);
  });
});

const BODY = Buffer.from('{"type":"Create"}');
const RIGHT = base64Sha(256, BODY);
const WRONG = base64Sha(256, otherBody);
const POST: Draft = {
  method: 'POST',
  target: '/inbox',
  headers: [
    ['Host', HOST],
    ['Date', dated(0)],
    ['Digest', `SHA-256=${RIGHT}`],
    ['Content-Digest', `sha-256=:${RIGHT}:`],
    ['Content-Type', 'application/activity+json'],
  ],
  body: BODY,
};
const GET: Draft = { method: 'GET', target: '/users/bob', headers: POST.headers.slice(0, 2) };

function cavage(draft: Draft, covered: string, signature: Partial<CavageSignature> = {}): Draft {
  const { key = PAIRS.alice.privateKey, parameters } = signature;
  return signByCavage(draft, {
    ...signature,
    key,
    covered: covered.split(' '),
    parameters: { keyId: keyIdOf('alice'), ...parameters },
  });
}

function rfc9421(draft: Draft, covered: string, signature: Partial<Rfc9421Signature> = {}): Draft {
  const list = covered === '' ? [] : covered.split(' ');
  return signByRfc9421(draft, {
    key: PAIRS.alice.privateKey,
    keyId: keyIdOf('alice'),
    created: SECONDS,
    ...signature,
    covered: list,
  });
}

const ALL = '(request-target) host date digest';
const TARGET = '@method @target-uri content-digest';
const weakKey = { key: PAIRS.weak.privateKey };
const append = (draft: Draft, name: string, more: string): Draft =>
  withHeaders(draft, { [name]: `${headerOf(draft, name)}${more}` });
const twoLabels = (): Draft => {
  const first = rfc9421(POST, TARGET);
  const second = rfc9421(POST, TARGET, { label: 'sig2' });
  return append(
    append(first, 'signature', `, ${headerOf(second, 'signature')}`),
    'signature-input',
    `, ${headerOf(second, 'signature-input')}`,
  );
};
describe('we refuse what Fedify accepts', () => {
  test.each<[string, Draft]>([
    ['cavage: host not covered', cavage(POST, '(request-target) date digest')],
    ['cavage: signed for another host', cavage(withHeaders(POST, { host: 'other.test' }), ALL)],
    ['cavage: a query added after signing', { ...cavage(POST, ALL), target: '/inbox?admin=1' }],
    ['cavage: algorithm hmac-sha256', cavage(POST, ALL, { parameters: { algorithm: 'hmac-sha256' } })],
    ['cavage: algorithm rsa-sha1', cavage(POST, ALL, { parameters: { algorithm: 'rsa-sha1' } })],
    ['cavage: algorithm none', cavage(POST, ALL, { parameters: { algorithm: 'none' } })],
    [
      'cavage: a covered header is absent',
      withHeaders(cavage(withHeaders(POST, { accept: 'null' }), `${ALL} accept`), { accept: undefined }),
    ],
    ['cavage: a parameter twice', append(cavage(POST, ALL), 'signature', `,keyId="${keyIdOf('alice')}"`)],
    ['cavage: a malformed parameter', append(cavage(POST, ALL), 'signature', ',x=y')],
    ['cavage: a covered header listed twice', cavage(POST, `${ALL} date`)],
    ['cavage: the same digest twice', cavage(withHeaders(POST, { digest: `SHA-256=${RIGHT}, SHA-256=${RIGHT}` }), ALL)],
    [
      'cavage: a wrong Content-Digest that is not covered',
      withHeaders(cavage(POST, ALL), { 'content-digest': `sha-256=:${WRONG}:` }),
    ],
    ['cavage: a Date that is no HTTP date', cavage(withHeaders(POST, { date: new Date(NOW).toISOString() }), ALL)],
    ['cavage: a key of 1,024 bits', cavage(POST, ALL, { ...weakKey, parameters: { keyId: keyIdOf('weak') } })],
    ['RFC 9421: nothing covered', rfc9421(POST, '')],
    ['RFC 9421: only @method covered', rfc9421(POST, '@method')],
    ['RFC 9421: @method not covered', rfc9421(POST, '@target-uri content-digest')],
    ['RFC 9421: the host not covered', rfc9421(POST, '@method @path content-digest')],
    [
      'RFC 9421: a query added after signing',
      { ...rfc9421(GET, '@method @authority @path'), target: '/users/bob?page=1' },
    ],
    ['RFC 9421: the query not covered', rfc9421({ ...GET, target: '/users/bob?page=1' }, '@method @authority @path')],
    [
      'RFC 9421: a wrong Content-Digest that is not covered',
      rfc9421(withHeaders(POST, { 'content-digest': `sha-256=:${WRONG}:` }), '@method @target-uri'),
    ],
    ['RFC 9421: no Content-Digest', rfc9421(withHeaders(POST, { 'content-digest': undefined }), '@method @target-uri')],
    [
      'RFC 9421: two digests, one of them wrong',
      rfc9421(
        withHeaders(POST, { 'content-digest': `sha-256=:${RIGHT}:, sha-512=:${base64Sha(512, otherBody)}:` }),
        TARGET,
      ),
    ],
    [
      'RFC 9421: a wrong Digest that is not covered',
      rfc9421(withHeaders(POST, { digest: `SHA-256=${WRONG}` }), TARGET),
    ],
    ['RFC 9421: expired', rfc9421(POST, TARGET, { parameters: { expires: String(SECONDS - 60) } })],
    ['RFC 9421: two labels', twoLabels()],
    ['RFC 9421: a Host that is not ours', withHeaders(rfc9421(POST, TARGET), { host: 'other.test' })],
    ['RFC 9421: a parameter twice', append(rfc9421(POST, TARGET), 'signature-input', `;keyid="${keyIdOf('alice')}"`)],
    ['RFC 9421: a component twice', rfc9421(POST, `${TARGET} @method`)],
    ['RFC 9421: a covered Date that is old', rfc9421(withHeaders(POST, { date: dated(-25 * HOUR) }), `${TARGET} date`)],
    ['RFC 9421: a key of 1,024 bits', rfc9421(POST, TARGET, { ...weakKey, keyId: keyIdOf('weak') })],
  ])('%s', async (_, draft) => {
    expect({ ours: accepts(draft), fedify: await fedifyAccepts(draft) }).toEqual({ ours: false, fedify: true });
  });
});

describe('we accept, by the letter of the specification, what Fedify refuses', () => {
  const times = { algorithm: 'hs2019', created: SECONDS, expires: SECONDS + 60 };
  test.each<[string, Draft]>([
    ['cavage: a query that is signed', cavage({ ...GET, target: '/users/bob?page=1' }, '(request-target) host date')],
    [
      'cavage: (created) for a date',
      cavage(withHeaders(POST, { date: undefined }), '(request-target) host digest (created) (expires)', {
        parameters: times,
      }),
    ],
    ['cavage: SHA-512 under hs2019', cavage(POST, ALL, { hash: 'sha512', parameters: { algorithm: 'hs2019' } })],
    [
      'cavage: Ed25519',
      cavage(POST, ALL, { key: ED25519.privateKey, parameters: { keyId: keyIdOf('edward'), algorithm: 'hs2019' } }),
    ],
    [
      'RFC 9421: @query with its question mark',
      rfc9421({ ...GET, target: '/users/bob?page=1' }, '@method @authority @path @query'),
    ],
    ['RFC 9421: PSS', rfc9421(POST, TARGET, { pss: true, parameters: { alg: '"rsa-pss-sha512"' } })],
  ])('%s', async (_, draft) => {
    expect({ ours: accepts(draft), fedify: await fedifyAccepts(draft) }).toEqual({ ours: true, fedify: false });
  });
});
