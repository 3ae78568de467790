import type { Remote, RemoteFailure } from '#lib/ports.ts';
import type { ResponseHeaders, SafeResponse } from '#lib/safe-fetch.ts';
import { readActivityJson, readJrd, readReceipt } from '#remote/answers.ts';

/** As the network adapter follows them. */
const MAX_REDIRECTS = 3;

/** As an HTTP server would answer; whatever is left out is a 200 without a body. */
export interface FakeAnswer {
  status?: number;
  /** Names in lower case. */
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Milliseconds to wait before. */
  latencyMs?: number;
  /** Answers with a redirect to this URL. */
  redirectTo?: string;
  /** No answer at all. */
  failure?: 'temporary' | 'blocked';
}

/** One answer for ever, or one worked out for each request. */
export type FakeAnswers = FakeAnswer | ((request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>);

export interface FakeRequest {
  method: 'GET' | 'POST';
  url: string;
  /** Of posts only. */
  headers: Record<string, string>;
  body: string;
}

export interface FakeRemote extends Remote {
  /** Every request so far, those of redirects included, in order. */
  readonly requests: FakeRequest[];
  /** The posts among them. */
  readonly posts: FakeRequest[];
  /** What a URL answers, to GET and POST alike, from now on. */
  serve(url: string, answers: FakeAnswers): void;
  /** Serves `json` as ActivityStreams, at its own `id` unless a URL is given. */
  serveActivity(json: Record<string, unknown> & { id?: string }, url?: string): void;
  /** Serves a WebFinger answer for an account, as in `acct:alice@remote.example`. */
  serveJrd(resource: string, json: Record<string, unknown>): void;
  /** From now on nothing of this host answers, until it is served something anew. */
  takeDown(host: string): void;
}

/**
 * The port to the fediverse in memory. It reads answers with the code of the network adapter, so that what would be refused
 * there (a wrong content type, broken JSON) is refused here. Unknown URLs answer 404 on hosts it knows, nothing elsewhere;
 * posts to unknown URLs of known hosts are accepted, as few tests care to set up every inbox.
 */
export function createFakeRemote(): FakeRemote {
  const answers = new Map<string, FakeAnswers>();
  const hosts = new Set<string>();
  const requests: FakeRequest[] = [];

  async function answer(request: FakeRequest): Promise<SafeResponse | RemoteFailure> {
    requests.push(request);
    const url = URL.parse(request.url);
    if (!url || !/^https?:$/.test(url.protocol)) return failure('blocked', 'not a URL to fetch');
    url.hash = '';
    if (!hosts.has(url.host)) return failure('temporary', 'ENOTFOUND');
    const registered = answers.get(keyOf(url)) ?? { status: request.method === 'POST' ? 202 : 404 };
    const given: FakeAnswer = typeof registered === 'function' ? await registered(request) : registered;
    if (given.latencyMs) await new Promise((resolve) => setTimeout(resolve, given.latencyMs));
    if (given.failure) return failure(given.failure, `simulated: ${given.failure}`);
    const location = given.redirectTo === undefined ? {} : { location: new URL(given.redirectTo, url).href };
    const status = given.status ?? (given.redirectTo === undefined ? 200 : 302);
    const headers: ResponseHeaders = { ...given.headers, ...location };
    return { status, headers, url: url.href, body: Buffer.from(given.body ?? '') };
  }

  async function get<T>(first: string, read: (response: SafeResponse) => T) {
    for (let url = first, hops = 0; ; hops++) {
      const response = await answer({ method: 'GET', url, headers: {}, body: '' });
      if ('ok' in response) return response;
      const location = response.status >= 300 && response.status < 400 ? response.headers['location'] : undefined;
      if (typeof location !== 'string') return read(response);
      if (hops >= MAX_REDIRECTS) return failure('invalid', 'too many redirects');
      url = location;
    }
  }

  function serve(url: string, given: FakeAnswers): void {
    const parsed = new URL(url);
    answers.set(keyOf(parsed), given);
    hosts.add(parsed.host);
  }

  function serveJson(url: string, json: unknown, type: string): void {
    serve(url, { headers: { 'content-type': type }, body: JSON.stringify(json) });
  }

  return {
    requests,
    get posts() {
      return requests.filter(({ method }) => method === 'POST');
    },
    serve,
    serveActivity(json, url = json.id) {
      if (url === undefined) throw new TypeError('A document without an id needs a URL');
      serveJson(url, json, 'application/activity+json; charset=utf-8');
    },
    serveJrd(resource, json) {
      const host = resource.slice(resource.lastIndexOf('@') + 1);
      const url = `https://${host}/.well-known/webfinger?resource=${encodeURIComponent(resource)}`;
      serveJson(url, json, 'application/jrd+json');
    },
    takeDown(host) {
      hosts.delete(host);
    },
    getActivityJson: (url) => get(url, readActivityJson),
    getJrd: (url) => get(url, readJrd),
    async post(inbox, headers, body) {
      const response = await answer({ method: 'POST', url: inbox, headers, body: Buffer.from(body).toString() });
      return 'ok' in response ? response : readReceipt(response);
    },
  };
}

/** Without fragment, and the same however the query is escaped. */
function keyOf(url: URL): string {
  return `${url.origin}${url.pathname}?${url.searchParams.toString()}`;
}

function failure(reason: RemoteFailure['reason'], detail: string): RemoteFailure {
  return { ok: false, reason, detail };
}
