import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { codeOf, FetchError, toFetchError } from '#lib/fetch-error.ts';
import { createAgent, createHostPolicy, parseUrl, type SafeAgentOptions } from '#lib/safe-agent.ts';

/*
 * The only way out of this server: GET what others publish, POST to their inboxes, on one undici Agent.
 *
 * Whoever can make us fetch a URL (everybody who can send an activity) must not reach our own network with it, nor keep
 * us busy: where connections go is the affair of safe-agent.ts, how long and how much that of this file.
 */

export type HeaderMap = Record<string, string>;
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface SafeFetchOptions extends SafeAgentOptions {
  userAgent: string;
}

export interface SafeRequest {
  method?: 'GET' | 'POST';
  /** Sent on every hop, but for credentials and signatures, which are for the first URL only. */
  headers?: HeaderMap;
  /** Called for each hop: whatever is valid for one URL only, such as a signature. */
  headersFor?: (url: URL) => HeaderMap | Promise<HeaderMap>;
  body?: string | Uint8Array;
  /** Of the body as received and as decoded. 1 MiB unless given. */
  maxBytes?: number;
  /** Of all hops together, from the first lookup to the last byte. 10,000 unless given. */
  timeoutMs?: number;
  /** 3 unless given. Only GET follows redirects. */
  maxRedirects?: number;
  signal?: AbortSignal;
}

export interface SafeResponse {
  status: number;
  headers: ResponseHeaders;
  /** The last URL of the redirects, without fragment. */
  url: string;
  body: Buffer;
}

export interface DeliveryRequest {
  headers: HeaderMap;
  body: string | Uint8Array;
  /** 10,000 unless given. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface SafeFetch {
  /** Throws a FetchError when there is no answer; any status is an answer. */
  request(url: string | URL, request?: SafeRequest): Promise<SafeResponse>;
  /**
   * The fast path of deliveries. Redirects are not followed (an inbox that moved is read anew from its actor, whose
   * document we trust; a signature covers one URL only) and the body of the answer is thrown away.
   */
  post(url: string | URL, request: DeliveryRequest): Promise<{ status: number; headers: ResponseHeaders }>;
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_MAX_REDIRECTS = 3;
/** How much, and how long, we read of an answer nobody wants, in order to keep its connection. */
const DRAIN_BYTES = 64 * 1024;
const DRAIN_MS = 1_000;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const FOR_ONE_URL = new Set(['authorization', 'cookie', 'proxy-authorization', 'signature', 'signature-input']);

export function createSafeFetch(options: SafeFetchOptions): SafeFetch {
  const refusalOf = createHostPolicy(options);
  const dispatcher = createAgent(options, refusalOf);
  const checkUrl = (input: string | URL) => parseUrl(input, refusalOf);

  /** One hop: the answer as it arrives, its body unread. */
  async function send(url: URL, request: SafeRequest, headers: HeaderMap, signal: AbortSignal) {
    try {
      return await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method ?? 'GET',
        headers,
        body: request.body ?? null,
        signal,
      });
    } catch (error) {
      throw toFetchError(error, url);
    }
  }

  async function follow(first: URL, request: SafeRequest, signal: AbortSignal): Promise<SafeResponse> {
    const follows = request.method !== 'POST';
    const visited = new Set<string>();
    let url = first;
    for (;;) {
      visited.add(url.href);
      const headers = await headersOfHop(url, first, request, options.userAgent);
      const response = await send(url, request, headers, signal);
      const location = follows && REDIRECTS.has(response.statusCode) ? response.headers['location'] : undefined;
      if (location === undefined) {
        const body = await readBody(response, request.maxBytes ?? DEFAULT_MAX_BYTES, url);
        return { status: response.statusCode, headers: response.headers, url: url.href, body };
      }
      await drain(response.body);
      const next = checkUrl(resolveLocation(location, url));
      const objection = redirectObjection(url, next, { ...options, ...request }, visited);
      if (objection) throw new FetchError('redirect', `${url.host} redirects ${objection}`);
      url = next;
    }
  }

  return {
    close: () => dispatcher.destroy(),

    async request(input, request = {}) {
      const url = checkUrl(input);
      return withDeadline(url, request, (signal) => follow(url, request, signal));
    },

    async post(input, request) {
      const url = checkUrl(input);
      const headers = { 'user-agent': options.userAgent, ...withoutHost(request.headers) };
      const {
        statusCode,
        headers: answered,
        body,
      } = await withDeadline(url, request, (signal) =>
        send(url, { method: 'POST', body: request.body }, headers, signal),
      );
      await drain(body); // after the deadline, which must not turn an answer into a failure
      return { status: statusCode, headers: answered };
    },
  };
}

// ---- Redirects

async function headersOfHop(url: URL, first: URL, request: SafeRequest, userAgent: string): Promise<HeaderMap> {
  const headers: HeaderMap = { 'user-agent': userAgent, 'accept-encoding': 'gzip, br' };
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (url === first || !FOR_ONE_URL.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  return withoutHost({ ...headers, ...(await request.headersFor?.(url)) });
}

/** undici derives Host from the URL; any other would be a lie. */
function withoutHost(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'host'));
}

function resolveLocation(location: string | string[], base: URL): URL {
  const url = typeof location === 'string' ? URL.parse(location, base.href) : null;
  if (!url) throw new FetchError('redirect', `${base.host} redirects to what is not a URL`);
  return url;
}

/** Why this redirect is not followed, or undefined. What holds for every URL has been checked before. */
function redirectObjection(
  from: URL,
  to: URL,
  rules: Pick<SafeRequest, 'maxRedirects'> & Pick<SafeFetchOptions, 'allowPrivateHosts'>,
  visited: ReadonlySet<string>,
): string | undefined {
  if (visited.has(to.href)) return 'in a circle';
  if (visited.size > (rules.maxRedirects ?? DEFAULT_MAX_REDIRECTS)) return 'too often';
  if (from.protocol === 'https:' && to.protocol !== 'https:') return 'from https to http';
  // Without this, one redirect after the other would knock at other people's ports in our name.
  if (!rules.allowPrivateHosts && to.port !== '' && to.port !== from.port) return 'to another port';
  return undefined;
}

// ---- Bodies

async function readBody(response: Dispatcher.ResponseData, maxBytes: number, url: URL): Promise<Buffer> {
  const { body, headers } = response;
  const tooLarge = () => new FetchError('too-large', `${url.host} answers with more than ${maxBytes} bytes`);
  if (Number(headers['content-length']) > maxBytes) {
    body.on('error', () => undefined).destroy();
    throw tooLarge();
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(); // leaving the loop destroys the body and its connection
      chunks.push(chunk);
    }
  } catch (error) {
    throw toFetchError(error, url);
  }
  await connectionFreed();
  const raw = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
  return decode(raw, headers['content-encoding'], maxBytes, tooLarge, url);
}

const decoders: Readonly<Record<string, (raw: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
};

/**
 * All at once and not as a stream: what came in is bounded already, and `maxOutputLength` stops a bomb at the first
 * buffer too many. One coding only, as `gzip, gzip` serves no one but an attacker.
 */
async function decode(
  raw: Buffer,
  encoding: string | string[] | undefined,
  maxBytes: number,
  tooLarge: () => FetchError,
  url: URL,
): Promise<Buffer> {
  const name = String(encoding ?? 'identity').toLowerCase();
  if (name === 'identity' || name === '' || raw.length === 0) return raw;
  const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (!decoder) throw new FetchError('encoding', `${url.host} answers in an unknown content coding`);
  try {
    return await decoder(raw, { maxOutputLength: maxBytes });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new FetchError('encoding', `${url.host}: the ${name} body is broken`, { cause: error });
  }
}

/** Reads on a little, so that the connection can be used again; beyond that the connection is cheaper to drop. */
async function drain(body: Dispatcher.ResponseData['body']): Promise<void> {
  const giveUp = setTimeout(() => body.destroy(), DRAIN_MS);
  try {
    await body.dump({ limit: DRAIN_BYTES });
  } catch {
    // We have the status; how the unread body ended is of no interest. A passed deadline shows at the next step.
  } finally {
    clearTimeout(giveUp);
  }
  await connectionFreed();
}

/** The pool learns a moment later that a connection is free; a request made at once would open a second one. */
function connectionFreed(): Promise<void> {
  return setImmediate();
}

// ---- Time and errors

async function withDeadline<T>(
  url: URL,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: Pick<SafeRequest, 'timeoutMs' | 'signal'>,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (error: FetchError) => {
    // First, so that of the two errors that follow this is the one: it says why.
    ended.reject(error);
    controller.abort(error);
  };
  const onAbort = () => end(new FetchError('aborted', `The request to ${url.host} was given up`));
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => end(new FetchError('timeout', `${url.host} took over ${timeoutMs} ms`)), timeoutMs);
  try {
    // A race, because undici notices the signal only once there is a connection: a lookup can hang for longer.
    return await Promise.race([ended.promise, run(controller.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
