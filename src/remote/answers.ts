import { isJsonObject, parseJsonGuarded } from '#lib/json.ts';
import { isActivityJsonType, isJrdType } from '#lib/media-type.ts';
import type { RemoteDocument, RemoteFailure, RemoteFailureReason, RemoteReceipt } from '#lib/ports.ts';
import type { ResponseHeaders, SafeResponse } from '#lib/safe-fetch.ts';

/*
 * What an HTTP answer means to us. Shared by both adapters, so that the fake refuses what the network would.
 */

export const ACCEPT_ACTIVITY_JSON =
  'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"';
export const ACCEPT_JRD = 'application/jrd+json, application/json';

const DAY_MS = 24 * 60 * 60 * 1000;

export function readActivityJson(response: SafeResponse): RemoteDocument | RemoteFailure {
  return readJson(response, isActivityJsonType);
}

export function readJrd(response: SafeResponse): RemoteDocument | RemoteFailure {
  return readJson(response, isJrdType);
}

export function readReceipt(response: { status: number; headers: ResponseHeaders }): RemoteReceipt | RemoteFailure {
  const { status, headers } = response;
  return isSuccess(status) ? { ok: true, status, headers } : failureOfStatus(response);
}

function readJson(response: SafeResponse, isType: typeof isJrdType): RemoteDocument | RemoteFailure {
  if (!isSuccess(response.status)) return failureOfStatus(response);
  const invalid = (detail: string): RemoteFailure => ({
    ok: false,
    reason: 'invalid',
    detail,
    status: response.status,
    headers: response.headers,
  });
  if (!isType(response.headers['content-type'])) return invalid('wrong content type');
  const parsed = parseJsonGuarded(response.body);
  if (!parsed.ok) return invalid(parsed.reason);
  if (!isJsonObject(parsed.value)) return invalid('not an object');
  return { ok: true, url: response.url, json: parsed.value };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function failureOfStatus({ status, headers }: { status: number; headers: ResponseHeaders }): RemoteFailure {
  const failure: RemoteFailure = {
    ok: false,
    reason: reasonOfStatus(status),
    detail: `status ${status}`,
    status,
    headers,
  };
  const retryAfterMs = readRetryAfter(headers);
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
}

function reasonOfStatus(status: number): RemoteFailureReason {
  if (status === 404 || status === 410) return 'gone';
  if (status === 401 || status === 403 || status === 451) return 'refused';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'temporary';
  return 'invalid';
}

/** Seconds, or a date, which is compared with the other side's own clock: we would rather not need ours to be right. */
function readRetryAfter(headers: ResponseHeaders): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(String(headers['date']));
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), DAY_MS) : undefined;
}
