import type { JsonObject } from '#lib/json.ts';
import type { ResponseHeaders } from '#lib/safe-fetch.ts';

/**
 * Everything this server asks of, or sends to, other servers. Adapters: remote/network.ts and, for tests, remote/fake.ts.
 * What others answer, or fail to, is an expected outcome: these functions do not throw for it.
 */
export interface Remote {
  /**
   * An ActivityPub document, checked to say that it is one. It says whatever its server likes: believe it only for ids of
   * the origin of its `url`, which is the last one of the redirects.
   */
  getActivityJson(url: string, options?: RemoteGetOptions): Promise<RemoteDocument | RemoteFailure>;
  /** A WebFinger answer. */
  getJrd(url: string, options?: RemoteGetOptions): Promise<RemoteDocument | RemoteFailure>;
  /** A signed activity to an inbox. Redirects are failures. */
  post(
    inbox: string,
    headers: Record<string, string>,
    body: string | Uint8Array,
  ): Promise<RemoteReceipt | RemoteFailure>;
}

export interface RemoteGetOptions {
  signal?: AbortSignal;
}

export interface RemoteDocument {
  ok: true;
  /** Where it was found after redirects, without fragment. */
  url: string;
  json: JsonObject;
}

export interface RemoteReceipt {
  ok: true;
  status: number;
  headers: ResponseHeaders;
}

export type RemoteFailureReason =
  /** 404 or 410: what was there is deleted, or never was. */
  | 'gone'
  /** 401, 403 or 451: it may be there for others. */
  | 'refused'
  /** It answers, and what it answers is of no use: wrong type, not JSON, no object, too large, an odd status or redirect. */
  | 'invalid'
  /** Our own rules forbid the connection. */
  | 'blocked'
  /** The network, a timeout, 408, 425, 429 or 5xx: try again later. */
  | 'temporary';

export interface RemoteFailure {
  ok: false;
  reason: RemoteFailureReason;
  /** For the log: names hosts, statuses and errors, never paths or contents. */
  detail: string;
  /** Absent where no answer came. */
  status?: number;
  /** Milliseconds, at most a day: when the other side says to come back. */
  retryAfterMs?: number;
  /** Of the answer, if one came: `accept-signature`, for instance. */
  headers?: ResponseHeaders;
}

/**
 * Finds what is on other servers and keeps it here: the domain asks for it by name, the fediverse edge knows how. Waits for the network:
 * never in a transaction. Undefined for whatever cannot be found, had or believed.
 */
export interface Lookup {
  /** Id of the account with this `name@host` or actor URI. */
  account(handleOrUri: string): Promise<number | undefined>;
  /** Id of the post with this URI (or the page that shows it). */
  post(uri: string): Promise<number | undefined>;
  /** Where, on their own server, whoever has this handle follows the account with this URI. */
  followPage(handle: { name: string; host: string }, accountUri: string): Promise<FollowPage>;
}

export type FollowPage = { ok: true; url: string } | { ok: false; reason: 'unreachable' | 'unsupported' };
