import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, LookupFunction, Server } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FetchError } from '#lib/fetch-error.ts';
import { buildBlockList, isInList, isPublicAddress } from '#lib/ip-block-list.ts';
import { createAgent, createHostPolicy } from '#lib/safe-agent.ts';
import { createSafeFetch, type SafeFetch, type SafeFetchOptions } from '#lib/safe-fetch.ts';
import { createCertificate } from '../support/certificate.ts';

/*
 * The production rules are tested over real TLS: names resolve (in an injected lookup) to 127.0.0.1, which is allowed by
 * exception, and the "private network" is 127.0.0.2, where the same server counts every connection.
 */

const certificate = createCertificate(['a.public.test', 'b.public.test', 'rebound.test', 'hidden.private.test']);
const addresses: Record<string, string[]> = {
  'a.public.test': ['127.0.0.1'],
  'b.public.test': ['127.0.0.1'],
  'hidden.private.test': ['127.0.0.2'],
  'mixed.public.test': ['127.0.0.2', '127.0.0.1'],
  'metadata.private.test': ['169.254.169.254'],
};
const lookup: LookupFunction = (hostname, _options, callback) => {
  const found = addresses[hostname];
  if (found)
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  else callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
};

let handler: RequestListener;
let secure: Server;
let plain: Server;
let port: number;
let plainPort: number;
let connectionsTo: string[] = [];
const requests: IncomingMessage[] = [];
const fetchers: SafeFetch[] = [];

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket) => connectionsTo.push(socket.localAddress ?? ''));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    handler(request, response);
  };
  secure = createTlsServer({ key: certificate.key, cert: certificate.cert }, listener);
  plain = createServer(listener);
  port = await listen(secure);
  plainPort = await listen(plain);
});

afterEach(async () => {
  await Promise.all(fetchers.splice(0).map((fetcher) => fetcher.close()));
  requests.length = 0;
  connectionsTo = [];
});

afterAll(() => {
  secure.close();
  plain.close();
});

function production(options: Partial<SafeFetchOptions> = {}): SafeFetch {
  const fetcher = createSafeFetch({
    allowPrivateHosts: false,
    userAgent: 'Parvis/test',
    allowedPrivateAddresses: ['127.0.0.1'],
    lookup,
    ca: certificate.cert,
    ...options,
  });
  fetchers.push(fetcher);
  return fetcher;
}

function development(options: Partial<SafeFetchOptions> = {}): SafeFetch {
  const fetcher = createSafeFetch({ allowPrivateHosts: true, userAgent: 'Parvis/test', ...options });
  fetchers.push(fetcher);
  return fetcher;
}

const secureUrl = (host: string, path = '/') => `https://${host}:${port}${path}`;
const plainUrl = (path = '/') => `http://127.0.0.1:${plainPort}${path}`;

function ok(text = 'hello') {
  return (_request: unknown, response: ServerResponse) => void response.end(text);
}

/** The routes redirect; every other path says hello. */
function redirects(routes: Record<string, string>, status = 302): RequestListener {
  return (request, response) => {
    const location = routes[request.url ?? ''];
    if (location === undefined) return void response.end('hello');
    response.writeHead(status, { location }).end('moved');
  };
}

async function errorOf(promise: Promise<unknown>): Promise<FetchError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof FetchError) return error;
  throw new Error(`Not a FetchError: ${String(error)}`, { cause: error });
}

describe('addresses', () => {
  test.each([
    '0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.9.9',
    '192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1',
    '239.255.255.255 240.0.0.1 255.255.255.255',
    ':: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::8.8.8.8',
    '64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1',
    '2002:7f00:1::1 2002:808:808::1 3fff::1 5f00::1 fc00::1 fdff::1 fe80::1 fec0::1 ff02::1 fe80::1%eth0 2606:4700::1%1',
    'nonsense 1.2.3 localhost',
  ])('A49 A50: %s are not public', (list) => {
    expect(list.split(' ').filter(isPublicAddress)).toEqual([]);
  });

  test('A49: servers of the internet are public', () => {
    const list =
      '1.1.1.1 8.8.8.8 100.63.0.1 100.128.0.1 172.32.0.1 198.20.0.1 223.255.255.255 2606:4700::1 2a01:4f8::1 2001:4860:4860::8888';
    expect(list.split(' ').filter((address) => !isPublicAddress(address))).toEqual([]);
  });

  test('a block list takes addresses and ranges of both families, and nothing else', () => {
    const list = buildBlockList(['10.1.0.0/16', '192.168.7.7', 'fd00::/8']);
    expect(['10.1.2.3', '192.168.7.7', 'fd12::1'].every((address) => isInList(list, address))).toBe(true);
    expect(['10.2.2.3', '192.168.7.8', 'fe80::1', 'x', 'fd12::1%1'].some((address) => isInList(list, address))).toBe(
      false,
    );
    expect(() => buildBlockList(['example.org'])).toThrow(TypeError);
  });
});

describe('in production', () => {
  test('fetches over https from a name with a public address', async () => {
    handler = ok();
    const response = await production().request(secureUrl('a.public.test', '/path?q=1#fragment'));
    expect(response).toMatchObject({ status: 200, url: secureUrl('a.public.test', '/path?q=1') });
    expect(response.body.toString()).toBe('hello');
    expect(requests[0]?.url).toBe('/path?q=1');
    expect(requests[0]?.headers['user-agent']).toBe('Parvis/test');
  });

  test.each([
    'http://127.0.0.1:PORT/',
    'https://127.0.0.1:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://[::7f00:1]:PORT/',
    'https://[64:ff9b::7f00:1]:PORT/',
    'https://[2002:7f00:1::]:PORT/',
    'https://2130706433:PORT/',
    'https://0x7f.1:PORT/',
    'https://0177.0.0.1:PORT/',
    'https://127.1:PORT/',
    'https://127.0.0.1.:PORT/',
    'https://1.1.1.1/',
    'https://localhost:PORT/',
    'https://localhost.:PORT/',
    'https://intranet:PORT/',
    'https://a.public.test.:PORT/',
  ])('A50 N08: %s is never connected', async (template) => {
    handler = ok();
    const url = template.replace('PORT', String(port));
    expect(await errorOf(production().request(url))).toMatchObject({ kind: 'blocked' });
    expect(await errorOf(production().post(url, { headers: {}, body: '' }))).toMatchObject({ kind: 'blocked' });
    expect(connectionsTo).toEqual([]);
  });

  test('N08: the connector refuses literal addresses by itself, whoever uses it', async () => {
    handler = ok();
    const options = { allowPrivateHosts: false, lookup };
    const agent = createAgent(options, createHostPolicy(options));
    for (const origin of [`http://127.0.0.1:${plainPort}`, `https://127.0.0.1:${port}`, `https://[::1]:${port}`]) {
      await expect(agent.request({ origin, path: '/', method: 'GET' })).rejects.toMatchObject({ kind: 'blocked' });
    }
    expect(connectionsTo).toEqual([]);
    await agent.destroy();
  });

  test('A49 A50: a name that resolves to a private address is never connected', async () => {
    handler = ok();
    for (const host of ['hidden.private.test', 'metadata.private.test']) {
      const error = await errorOf(production().request(secureUrl(host)));
      expect(error).toMatchObject({ kind: 'blocked', message: expect.stringContaining(host) });
    }
    expect(connectionsTo).toEqual([]);
  });

  test('A49: of a mixed answer only the public addresses are used', async () => {
    handler = ok();
    await errorOf(production().request(secureUrl('mixed.public.test'))); // the certificate does not hold for it
    expect(new Set(connectionsTo)).toEqual(new Set(['127.0.0.1']));
  });

  test('A50: the address is checked anew for each connection, so a name cannot be bound to another later', async () => {
    handler = (_request, response) => void response.setHeader('connection', 'close').end('hello');
    const fetcher = production();
    addresses['rebound.test'] = ['127.0.0.1'];
    await fetcher.request(secureUrl('rebound.test'));
    addresses['rebound.test'] = ['127.0.0.2'];
    expect(await errorOf(fetcher.request(secureUrl('rebound.test')))).toMatchObject({ kind: 'blocked' });
    expect(connectionsTo).toEqual(['127.0.0.1']);
  });

  test.each([
    'ftp://a.public.test/',
    'file:///etc/passwd',
    'gopher://a.public.test/',
    'data:text/plain,x',
    'nonsense',
    '',
  ])('A53: %s is refused', async (url) => {
    expect(await errorOf(production().request(url))).toMatchObject({ kind: 'blocked' });
  });

  test.each([22, 25, 80, 6667, 1, 1023])('A53: port %i is refused', async (badPort) => {
    expect(await errorOf(production().request(`https://a.public.test:${badPort}/`))).toMatchObject({ kind: 'blocked' });
  });

  test('credentials in a URL are refused and not repeated in the message', async () => {
    const error = await errorOf(production().request(`https://user:secret@a.public.test:${port}/`));
    expect(error.kind).toBe('blocked');
    expect(error.message).not.toContain('secret');
  });

  test('A35: a refused host is not asked, in any spelling, and not by a redirect either', async () => {
    handler = redirects({ '/': secureUrl('B.PUBLIC.test') });
    const fetcher = production({ isHostRefused: (host) => host === 'b.public.test' });
    for (const host of ['b.public.test', 'B.Public.TEST', 'b.public.test.', 'ｂ.public.test']) {
      expect(await errorOf(fetcher.request(secureUrl(host)))).toMatchObject({ kind: 'blocked' });
    }
    expect(await errorOf(fetcher.request(secureUrl('a.public.test')))).toMatchObject({ kind: 'blocked' });
    expect(requests).toHaveLength(1);
  });

  test.each([301, 302, 303, 307, 308])('A52: a redirect (%i) to a private address is not followed', async (status) => {
    const targets = [secureUrl('hidden.private.test'), `https://127.0.0.2:${port}/`, `https://[::1]:${port}/`];
    for (const target of targets) {
      handler = redirects({ '/': target }, status);
      expect(await errorOf(production().request(secureUrl('a.public.test')))).toMatchObject({ kind: 'blocked' });
    }
    expect(connectionsTo).not.toContain('127.0.0.2');
  });

  test.each(['http://b.public.test/', 'file:///etc/passwd', 'gopher://b.public.test/', 'data:text/plain,x'])(
    'A53: a redirect to %s is refused',
    async (target) => {
      handler = redirects({ '/': target });
      expect(await errorOf(production().request(secureUrl('a.public.test')))).toMatchObject({ kind: 'blocked' });
      expect(requests).toHaveLength(1);
    },
  );

  test('A53: a redirect to another port is refused', async () => {
    handler = redirects({ '/': 'https://b.public.test:8443/' });
    expect(await errorOf(production().request(secureUrl('a.public.test')))).toMatchObject({ kind: 'redirect' });
  });

  test('A52: signatures and credentials go to the first URL only; each hop is signed anew', async () => {
    handler = redirects({ '/': '/again', '/again': secureUrl('b.public.test', '/end') });
    const response = await production().request(secureUrl('a.public.test'), {
      headers: {
        accept: 'text/x',
        authorization: 'Bearer x',
        cookie: 'a=b',
        Signature: 'for one URL',
        host: 'evil.test',
      },
      headersFor: (url) => ({ 'x-signed-for': url.href }),
    });
    expect(response.url).toBe(secureUrl('b.public.test', '/end'));
    expect(requests.map(({ headers }) => headers['x-signed-for'])).toEqual([
      secureUrl('a.public.test'),
      secureUrl('a.public.test', '/again'),
      secureUrl('b.public.test', '/end'),
    ]);
    expect(requests.map(({ headers }) => headers['host'])).toEqual([
      `a.public.test:${port}`,
      `a.public.test:${port}`,
      `b.public.test:${port}`,
    ]);
    const [first, ...later] = requests.map(({ headers }) => headers);
    expect(first).toMatchObject({
      accept: 'text/x',
      authorization: 'Bearer x',
      cookie: 'a=b',
      signature: 'for one URL',
    });
    for (const headers of later) {
      expect(headers).toMatchObject({ accept: 'text/x' });
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['authorization']));
      expect(headers).not.toHaveProperty('cookie');
      expect(headers).not.toHaveProperty('signature');
    }
  });

  test('A04: the URL returned is the last one of the redirects', async () => {
    handler = redirects({ '/users/bob': secureUrl('b.public.test', '/imposter') });
    const { url } = await production().request(secureUrl('a.public.test', '/users/bob'));
    expect(url).toBe(secureUrl('b.public.test', '/imposter'));
  });

  test('an untrusted certificate is a network error', async () => {
    handler = ok();
    const { ca: _, ...options } = { ca: 0, allowPrivateHosts: false, userAgent: 'x', lookup };
    const fetcher = createSafeFetch({ ...options, allowedPrivateAddresses: ['127.0.0.0/8'] });
    fetchers.push(fetcher);
    expect(await errorOf(fetcher.request(secureUrl('a.public.test')))).toMatchObject({ kind: 'network' });
    expect(requests).toEqual([]);
  });
});

describe('in development', () => {
  test('http, loopback, names without a dot and any port are fine', async () => {
    handler = ok();
    for (const url of [plainUrl(), `http://localhost:${plainPort}/`, `http://0x7f.1:${plainPort}/`]) {
      expect(await development().request(url)).toMatchObject({ status: 200 });
    }
  });

  test('other schemes, credentials and refused hosts are not, nor a redirect from https to http', async () => {
    handler = redirects({ '/': plainUrl('/end') });
    const fetcher = development({ ca: certificate.cert, lookup, isHostRefused: (host) => host === 'b.public.test' });
    for (const url of ['file:///etc/passwd', 'http://a:b@127.0.0.1/', 'http://b.public.test/']) {
      expect(await errorOf(fetcher.request(url))).toMatchObject({ kind: 'blocked' });
    }
    expect(await errorOf(fetcher.request(secureUrl('a.public.test')))).toMatchObject({ kind: 'redirect' });
  });
});

describe('redirects', () => {
  test('A55: a redirect to itself and a circle are detected', async () => {
    handler = redirects({ '/self': '/self', '/a': '/b', '/b': '/a' });
    const fetcher = development();
    for (const path of ['/self', '/a']) {
      expect(await errorOf(fetcher.request(plainUrl(path)))).toMatchObject({ kind: 'redirect' });
    }
    expect(requests).toHaveLength(3);
  });

  test('A55: an endless chain ends after the permitted number', async () => {
    handler = (request, response) =>
      void response.writeHead(302, { location: `/${Number(request.url?.slice(1)) + 1}` }).end();
    const fetcher = development();
    expect(await errorOf(fetcher.request(plainUrl('/0')))).toMatchObject({ kind: 'redirect' });
    expect(requests).toHaveLength(4);
    expect(await errorOf(fetcher.request(plainUrl('/0'), { maxRedirects: 0 }))).toMatchObject({ kind: 'redirect' });
    expect(requests).toHaveLength(5);
  });

  test('A55: three redirects are followed, and a body of any size on the way is not awaited', async () => {
    handler = (request, response) => {
      if (request.url === '/3') return void response.end('there');
      response.writeHead(302, { location: `/${Number(request.url?.slice(1)) + 1}` });
      response.write(Buffer.alloc(512 * 1024)); // and never ends
    };
    const response = await development().request(plainUrl('/0'), { timeoutMs: 5_000 });
    expect(response.body.toString()).toBe('there');
  });

  test('two Location headers, or one that is no URL, are refused', async () => {
    const fetcher = development();
    for (const location of [['/a', '/b'], ['http://[']]) {
      handler = (_request, response) =>
        void response
          .writeHead(
            302,
            location.flatMap((value) => ['location', value]),
          )
          .end();
      expect(await errorOf(fetcher.request(plainUrl()))).toMatchObject({ kind: 'redirect' });
    }
  });

  test('a status 304, or one of redirection without Location, is an answer', async () => {
    handler = (_request, response) => void response.writeHead(304).end();
    expect(await development().request(plainUrl())).toMatchObject({ status: 304 });
  });
});

describe('limits', () => {
  test('a body of the limit is read, one byte more is not', async () => {
    const fetcher = development();
    handler = ok('x'.repeat(1000));
    expect((await fetcher.request(plainUrl(), { maxBytes: 1000 })).body).toHaveLength(1000);
    expect(await errorOf(fetcher.request(plainUrl(), { maxBytes: 999 }))).toMatchObject({ kind: 'too-large' });
  });

  test('a body without length is cut off where it passes the limit', async () => {
    let stopped = false;
    handler = (_request, response) => {
      const write = () => {
        if (!stopped) response.write(Buffer.alloc(64 * 1024), () => setImmediate(write));
      };
      response.on('close', () => (stopped = true));
      write();
    };
    expect(await errorOf(development().request(plainUrl()))).toMatchObject({ kind: 'too-large' });
    await expect.poll(() => stopped).toBe(true);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('A59: a %s bomb is stopped at the limit', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(16 * 1024 * 1024));
    handler = (_request, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bomb);
    const before = process.cpuUsage();
    expect(await errorOf(development().request(plainUrl()))).toMatchObject({ kind: 'too-large' });
    // Of the whole process, since other threads decompress: busy neighbours do not count.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  test('compressed bodies are decoded, broken and unknown codings refused', async () => {
    const fetcher = development();
    const answer = (encoding: string, body: Buffer) => {
      handler = (_request, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(body);
      return fetcher.request(plainUrl());
    };
    expect((await answer('gzip', gzipSync('hello'))).body.toString()).toBe('hello');
    expect((await answer('BR', brotliCompressSync('hello'))).body.toString()).toBe('hello');
    expect((await answer('identity', Buffer.from('hello'))).body.toString()).toBe('hello');
    expect(await errorOf(answer('gzip', gzipSync('hello').subarray(0, 12)))).toMatchObject({ kind: 'encoding' });
    expect(await errorOf(answer('gzip, gzip', gzipSync('hello')))).toMatchObject({ kind: 'encoding' });
    expect(await errorOf(answer('constructor', gzipSync('hello')))).toMatchObject({ kind: 'encoding' });
  });

  test('the deadline holds for headers, for a trickling body and for a hanging lookup', async () => {
    handler = () => undefined;
    expect(await errorOf(development().request(plainUrl(), { timeoutMs: 100 }))).toMatchObject({ kind: 'timeout' });

    handler = (_request, response) => {
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    };
    expect(await errorOf(development().request(plainUrl(), { timeoutMs: 100 }))).toMatchObject({ kind: 'timeout' });

    const hanging = development({ lookup: () => undefined });
    expect(await errorOf(hanging.request('http://hanging.test/', { timeoutMs: 100 }))).toMatchObject({
      kind: 'timeout',
    });
  });

  test('the caller can give up, before and meanwhile', async () => {
    handler = () => undefined;
    const controller = new AbortController();
    const request = errorOf(development().request(plainUrl(), { signal: controller.signal }));
    controller.abort();
    expect(await request).toMatchObject({ kind: 'aborted' });
    const late = development().request(plainUrl(), { signal: AbortSignal.abort() });
    expect(await errorOf(late)).toMatchObject({ kind: 'aborted' });
  });

  test('what the system says of the network is in the code', async () => {
    const fetcher = development({ lookup });
    expect(await errorOf(fetcher.request('http://127.0.0.1:1/'))).toMatchObject({
      kind: 'network',
      code: 'ECONNREFUSED',
    });
    expect(await errorOf(fetcher.request('http://no.such.test/'))).toMatchObject({
      kind: 'network',
      code: 'ENOTFOUND',
    });
    handler = (request) => request.socket.destroy();
    expect(await errorOf(fetcher.request(plainUrl()))).toMatchObject({ kind: 'network' });
  });

  test('an error of headersFor is the caller’s own', async () => {
    const request = development().request(plainUrl(), {
      headersFor: () => {
        throw new RangeError('no key');
      },
    });
    await expect(request).rejects.toThrow(RangeError);
  });
});

describe('deliveries', () => {
  test('post the body with the given headers and keep the connection, whatever the size of the answer', async () => {
    const bodies: string[] = [];
    handler = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
      request.on('end', () => response.writeHead(202, { 'x-a': 'b' }).end('x'.repeat(10_000)));
    };
    const fetcher = development();
    for (const body of ['one', Buffer.from('two')]) {
      const answer = await fetcher.post(plainUrl('/inbox'), { headers: { signature: 's', host: 'evil.test' }, body });
      expect(answer).toMatchObject({ status: 202, headers: { 'x-a': 'b' } });
    }
    expect(bodies).toEqual(['one', 'two']);
    expect(requests[0]?.headers).toMatchObject({ signature: 's', host: `127.0.0.1:${plainPort}` });
    expect(connectionsTo).toHaveLength(1);
  });

  test.each([301, 307, 308])('A52: a redirect (%i) is an answer and is not followed', async (status) => {
    handler = redirects({ '/inbox': '/elsewhere' }, status);
    const fetcher = development();
    expect(await fetcher.post(plainUrl('/inbox'), { headers: {}, body: 'x' })).toMatchObject({ status });
    const viaRequest = await fetcher.request(plainUrl('/inbox'), { method: 'POST', body: 'x' });
    expect(viaRequest.status).toBe(status);
    expect(requests).toHaveLength(2);
  });

  test('an answer without end does not hold the delivery up', async () => {
    handler = (_request, response) => {
      response.writeHead(202);
      response.write('never ends');
    };
    const before = performance.now();
    const delivery = development().post(plainUrl('/inbox'), { headers: {}, body: 'x', timeoutMs: 500 });
    expect(await delivery).toMatchObject({ status: 202 });
    // Sooner than after the ten seconds that anything may take.
    expect(performance.now() - before).toBeLessThan(8_000);
  });

  test('at most two connections are open to a host', async () => {
    handler = (_request, response) => void setTimeout(() => response.end(), 20);
    const fetcher = development();
    await Promise.all(Array.from({ length: 10 }, () => fetcher.post(plainUrl('/inbox'), { headers: {}, body: 'x' })));
    expect(requests).toHaveLength(10);
    expect(connectionsTo).toHaveLength(2);
  });
});
