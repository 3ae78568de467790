import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { isActivityJsonType, isJrdType, parseMediaType } from '#lib/media-type.ts';
import type { Remote, RemoteFailure } from '#lib/ports.ts';
import { createSafeFetch, type SafeFetch } from '#lib/safe-fetch.ts';
import { createFakeRemote, type FakeAnswer } from '#remote/fake.ts';
import { createNetworkRemote } from '#remote/network.ts';
import { startCpuClock } from '../support/cpu-clock.ts';

const AS2 = 'https://www.w3.org/ns/activitystreams';
const note = { '@context': AS2, id: 'https://remote.example/notes/1', type: 'Note' };

describe('content types', () => {
  const accepted = [
    'application/activity+json',
    'Application/Activity+JSON; charset=utf-8',
    `application/ld+json; profile="${AS2}"`,
    `application/ld+json;profile="${AS2}"`,
    `APPLICATION/LD+JSON ; Charset=utf-8 ; PROFILE="${AS2}"`,
    `application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted ${AS2}"; charset="utf-8";`,
    `application/ld+json; profile="https:\\//www.w3.org/ns/activitystreams"`,
  ];
  const refused = [
    undefined,
    '',
    'text/plain',
    'image/png',
    'text/html',
    'application/json',
    'application/ld+json',
    'application/ld+json; profile="https://example.org/"',
    `application/ld+json; profile="${AS2}`,
    `application/ld+json; profile="${AS2}#x"`,
    `text/plain; profile="${AS2}"`,
    'text/html; x="application/activity+json"',
    'application/activity+jsonx',
    'application/activity+json, text/html',
    'application/activity+json text/html',
    ['application/activity+json', 'application/activity+json'],
  ];

  test.each(accepted)('A02: %s is ActivityStreams', (header) => {
    expect(isActivityJsonType(header)).toBe(true);
  });

  test.each(refused)('A02: %s is not', (header) => {
    expect(isActivityJsonType(header)).toBe(false);
  });

  test('A53: WebFinger answers are application/jrd+json or application/json', () => {
    expect(['application/jrd+json; charset=utf-8', 'application/json'].every(isJrdType)).toBe(true);
    expect(['text/html', 'application/xrd+xml', 'text/json', undefined].some(isJrdType)).toBe(false);
  });

  test('parameters are found in any order, quoted or not', () => {
    const token = fc.stringMatching(/^[a-z0-9-]{1,10}$/);
    const parameters = fc.dictionary(token, fc.string({ unit: 'grapheme-ascii' }), { noNullPrototype: true });
    fc.assert(
      fc.property(parameters, (given) => {
        const quoted = Object.entries(given).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
        const media = parseMediaType(`text/plain;${quoted.join(' ; ')}`);
        expect(Object.fromEntries(media?.parameters ?? [])).toEqual({ ...given });
      }),
    );
  });

  test('a long malicious header takes no time', () => {
    const spent = startCpuClock();
    expect(parseMediaType(`a/b${';'.repeat(100_000)}"`)).toBeUndefined();
    expect(parseMediaType(`a/b;a="${'\\'.repeat(100_001)}`)).toBeUndefined();
    expect(parseMediaType(`a/b; ${'a='.repeat(50_000)}`)).toBeUndefined();
    expect(spent()).toBeLessThan(100);
  });
});

interface World {
  remote: Remote;
  origin: string;
  serve: (path: string, answer: FakeAnswer) => void;
  requestedPaths: () => string[];
}

/** One behaviour, two adapters: what the fake does is what the network does. */
const adapters: [name: string, open: () => World][] = [
  ['network', openNetwork],
  ['fake', openFake],
];

let fetcher: SafeFetch;
let requestHandler: RequestListener = () => undefined;
const server = createServer((request, response) => requestHandler(request, response));

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fetcher = createSafeFetch({ allowPrivateHosts: true, userAgent: 'Parvis/test' });
});

afterEach(() => {
  requestHandler = () => undefined;
});

afterAll(async () => {
  await fetcher.close();
  server.close();
});

function openNetwork(): World {
  const answers = new Map<string, FakeAnswer>();
  const paths: string[] = [];
  requestHandler = (request, response) => {
    paths.push(request.url ?? '');
    const answer = answers.get(request.url ?? '');
    if (answer?.failure) return void request.socket.destroy();
    const redirect = answer?.redirectTo === undefined ? {} : { location: answer.redirectTo };
    const status = answer?.status ?? (answer?.redirectTo === undefined ? 200 : 302);
    response.writeHead(answer ? status : 404, { ...answer?.headers, ...redirect }).end(answer?.body);
  };
  return {
    remote: createNetworkRemote({ fetch: fetcher }),
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (path, answer) => void answers.set(path, answer),
    requestedPaths: () => paths,
  };
}

function openFake(): World {
  const fake = createFakeRemote();
  const origin = 'https://remote.example';
  fake.serve(`${origin}/`, {});
  return {
    remote: fake,
    origin,
    serve: (path, answer) => fake.serve(origin + path, answer),
    requestedPaths: () => fake.requests.map(({ url }) => new URL(url).pathname),
  };
}

describe.each(adapters)('the remote port (%s)', (_name, open) => {
  const activityJson = { 'content-type': 'application/activity+json' };

  test('gets a document, and says where it was found', async () => {
    const { remote, origin, serve } = open();
    serve('/notes/1', { headers: activityJson, body: JSON.stringify(note) });
    expect(await remote.getActivityJson(`${origin}/notes/1#fragment`)).toEqual({
      ok: true,
      url: `${origin}/notes/1`,
      json: note,
    });
  });

  test('A04: after a redirect the URL is that of the document', async () => {
    const { remote, origin, serve } = open();
    serve('/@alice', { redirectTo: '/users/alice' });
    serve('/users/alice', { headers: activityJson, body: JSON.stringify(note) });
    expect(await remote.getActivityJson(`${origin}/@alice`)).toMatchObject({ ok: true, url: `${origin}/users/alice` });
  });

  test.each(['text/plain', 'image/png', 'application/json', 'text/html', 'application/ld+json'])(
    'A02: activity JSON served as %s is invalid',
    async (type) => {
      const { remote, origin, serve } = open();
      serve('/media/upload', { headers: { 'content-type': type }, body: JSON.stringify(note) });
      expect(await remote.getActivityJson(`${origin}/media/upload`)).toMatchObject({ ok: false, reason: 'invalid' });
    },
  );

  test('A02: no HTML is searched for a link to a document', async () => {
    const { remote, origin, serve, requestedPaths } = open();
    const link = '<link rel="alternate" type="application/activity+json" href="/notes/1">';
    serve('/page', { headers: { 'content-type': 'text/html', link: `</notes/1>; rel="alternate"` }, body: link });
    serve('/notes/1', { headers: activityJson, body: JSON.stringify(note) });
    expect(await remote.getActivityJson(`${origin}/page`)).toMatchObject({ reason: 'invalid' });
    expect(requestedPaths()).toEqual(['/page']);
  });

  test.each([
    ['not JSON', 'hello'],
    ['nothing', ''],
    ['an array', '[{"id":"x"}]'],
    ['null', 'null'],
    ['A59: deep nesting', '{"a":'.repeat(100_000)],
    ['N10: a flood of members', JSON.stringify({ tag: Array(60_000).fill(0) })],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('%s instead of an object is invalid', async (_what, body) => {
    const { remote, origin, serve } = open();
    serve('/x', { headers: activityJson, body });
    expect(await remote.getActivityJson(`${origin}/x`)).toMatchObject({ ok: false, reason: 'invalid', status: 200 });
  });

  test.each<[number, RemoteFailure['reason']]>([
    [404, 'gone'],
    [410, 'gone'],
    [401, 'refused'],
    [403, 'refused'],
    [451, 'refused'],
    [400, 'invalid'],
    [406, 'invalid'],
    [304, 'invalid'],
    [408, 'temporary'],
    [429, 'temporary'],
    [500, 'temporary'],
    [503, 'temporary'],
  ])('status %i is %s, for documents and posts alike', async (status, reason) => {
    const { remote, origin, serve } = open();
    serve('/x', { status });
    const url = `${origin}/x`;
    const expected = { ok: false, reason, status };
    expect(await remote.getActivityJson(url)).toMatchObject(expected);
    expect(await remote.getJrd(url)).toMatchObject(expected);
    expect(await remote.post(url, {}, '{}')).toMatchObject(expected);
  });

  test('a connection that breaks is temporary', async () => {
    const { remote, origin, serve } = open();
    serve('/x', { failure: 'temporary' });
    const failure = await remote.getActivityJson(`${origin}/x`);
    expect(failure).toMatchObject({ ok: false, reason: 'temporary' });
    expect(failure).not.toHaveProperty('status');
    expect(await remote.post(`${origin}/x`, {}, '{}')).toMatchObject({ ok: false, reason: 'temporary' });
  });

  test('A53: what is not http is blocked, not thrown', async () => {
    const { remote } = open();
    for (const url of ['file:///etc/passwd', 'nonsense', 'gopher://x.example/']) {
      expect(await remote.getJrd(url)).toMatchObject({ ok: false, reason: 'blocked' });
      expect(await remote.post(url, {}, '')).toMatchObject({ ok: false, reason: 'blocked' });
    }
  });

  test('Retry-After is read as seconds or as a date, and is a day at most', async () => {
    const { remote, origin, serve } = open();
    const retryAfter = async (headers: Record<string, string>) => {
      serve('/busy', { status: 429, headers });
      return ((await remote.getActivityJson(`${origin}/busy`)) as RemoteFailure).retryAfterMs;
    };
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    expect(await retryAfter({ 'retry-after': '120' })).toBe(120_000);
    expect(await retryAfter({ 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT', date })).toBe(120_000);
    expect(await retryAfter({ 'retry-after': '99999999999' })).toBe(86_400_000);
    expect(await retryAfter({ 'retry-after': 'Mon, 21 Oct 2024 07:30:00 GMT', date })).toBe(0);
    expect(await retryAfter({ 'retry-after': 'later' })).toBeUndefined();
    expect(await retryAfter({})).toBeUndefined();
  });

  test('A55: redirect chains and circles end', async () => {
    const { remote, origin, serve, requestedPaths } = open();
    serve('/self', { redirectTo: '/self' });
    for (let hop = 0; hop < 10; hop++) serve(`/${hop}`, { redirectTo: `/${hop + 1}` });
    expect(await remote.getActivityJson(`${origin}/self`)).toMatchObject({ ok: false, reason: 'invalid' });
    expect(await remote.getJrd(`${origin}/0`)).toMatchObject({ ok: false, reason: 'invalid' });
    expect(requestedPaths().length).toBeLessThanOrEqual(8);
  });

  test('gets WebFinger answers, which are objects too', async () => {
    const { remote, origin, serve } = open();
    const jrd = { subject: 'acct:alice@remote.example' };
    serve('/jrd', { headers: { 'content-type': 'application/jrd+json' }, body: JSON.stringify(jrd) });
    serve('/json', { headers: { 'content-type': 'application/json' }, body: JSON.stringify(jrd) });
    serve('/html', { headers: { 'content-type': 'text/html' }, body: JSON.stringify(jrd) });
    expect(await remote.getJrd(`${origin}/jrd`)).toMatchObject({ ok: true, json: jrd });
    expect(await remote.getJrd(`${origin}/json`)).toMatchObject({ ok: true, json: jrd });
    expect(await remote.getJrd(`${origin}/html`)).toMatchObject({ ok: false, reason: 'invalid' });
  });

  test('posts to an inbox; a redirect there is not followed', async () => {
    const { remote, origin, serve, requestedPaths } = open();
    serve('/inbox', { status: 202 });
    serve('/moved', { redirectTo: '/inbox', status: 308 });
    expect(await remote.post(`${origin}/inbox`, { signature: 'x' }, '{}')).toMatchObject({ ok: true, status: 202 });
    expect(await remote.post(`${origin}/moved`, {}, '{}')).toMatchObject({ ok: false, reason: 'invalid', status: 308 });
    expect(requestedPaths()).toEqual(['/inbox', '/moved']);
  });
});

describe('the network adapter', () => {
  test('A52: signs documents anew on each hop, and nothing else', async () => {
    const { origin, serve } = openNetwork();
    const signatures: unknown[] = [];
    const answer = requestHandler;
    requestHandler = (request, response) => {
      signatures.push(request.headers['signature']);
      answer(request, response);
    };
    serve('/a', { redirectTo: '/b' });
    const remote = createNetworkRemote({ fetch: fetcher, signGet: (url) => ({ signature: url.pathname }) });
    await remote.getActivityJson(`${origin}/a`);
    await remote.getJrd(`${origin}/c`);
    expect(signatures).toEqual(['/a', '/b', undefined]);
  });

  test('an error of our own signing is thrown, as it is no answer', async () => {
    const { origin } = openNetwork();
    const signGet = () => {
      throw new RangeError('no key');
    };
    const remote = createNetworkRemote({ fetch: fetcher, signGet });
    await expect(remote.getActivityJson(`${origin}/a`)).rejects.toThrow(RangeError);
  });
});

describe('the fake', () => {
  test('serves documents at their ids and WebFinger for accounts, and remembers the posts', async () => {
    const fake = createFakeRemote();
    fake.serveActivity(note);
    fake.serveJrd('acct:alice@remote.example', { subject: 'acct:alice@remote.example' });
    expect(await fake.getActivityJson(note.id)).toMatchObject({ ok: true, json: note });
    const webfinger = 'https://remote.example/.well-known/webfinger?resource=acct:alice@remote.example';
    expect(await fake.getJrd(webfinger)).toMatchObject({ ok: true });
    await fake.post('https://remote.example/inbox', { date: 'now' }, Buffer.from('{}'));
    expect(fake.posts).toEqual([
      { method: 'POST', url: 'https://remote.example/inbox', headers: { date: 'now' }, body: '{}' },
    ]);
    expect(fake.requests).toHaveLength(3);
  });

  test('hosts it does not know do not answer, nor those taken down', async () => {
    const fake = createFakeRemote();
    expect(await fake.getActivityJson(note.id)).toMatchObject({ reason: 'temporary' });
    fake.serveActivity(note);
    expect(await fake.getActivityJson('https://remote.example/other')).toMatchObject({ reason: 'gone' });
    fake.takeDown('remote.example');
    expect(await fake.getActivityJson(note.id)).toMatchObject({ reason: 'temporary' });
  });

  test('works answers out for each request, after a while if need be', async () => {
    const fake = createFakeRemote();
    let count = 0;
    fake.serve('https://remote.example/inbox', () => ({ status: ++count === 1 ? 503 : 202, latencyMs: 1 }));
    expect(await fake.post('https://remote.example/inbox', {}, '')).toMatchObject({ reason: 'temporary' });
    expect(await fake.post('https://remote.example/inbox', {}, '')).toMatchObject({ ok: true });
  });
});
