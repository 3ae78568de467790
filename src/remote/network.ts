import { FetchError, type FetchErrorKind } from '#lib/fetch-error.ts';
import type { Remote, RemoteFailure, RemoteFailureReason } from '#lib/ports.ts';
import type { HeaderMap, SafeFetch } from '#lib/safe-fetch.ts';
import { ACCEPT_ACTIVITY_JSON, ACCEPT_JRD, readActivityJson, readJrd, readReceipt } from '#remote/answers.ts';

export interface NetworkRemoteOptions {
  fetch: SafeFetch;
  /**
   * The headers (Date, Signature ...) that sign a GET of this URL, for servers that ask for it ("authorized fetch"). Called
   * again for each redirect, as a signature is good for one URL. Without it GETs go unsigned.
   */
  signGet?: (url: URL) => HeaderMap | Promise<HeaderMap>;
}

/** The port to the fediverse over the real network. HTML is never searched for a link to the document: no one needs it. */
export function createNetworkRemote({ fetch, signGet }: NetworkRemoteOptions): Remote {
  return {
    getActivityJson: (url, options = {}) =>
      orFailure(async () => {
        const signing = signGet ? { headersFor: signGet } : {};
        const request = { ...options, ...signing, headers: { accept: ACCEPT_ACTIVITY_JSON } };
        return readActivityJson(await fetch.request(url, request));
      }),

    // WebFinger is public by its nature, and not every server can cope with a signature there.
    getJrd: (url, options = {}) =>
      orFailure(async () => readJrd(await fetch.request(url, { ...options, headers: { accept: ACCEPT_JRD } }))),

    post: (inbox, headers, body) => orFailure(async () => readReceipt(await fetch.post(inbox, { headers, body }))),
  };
}

const REASONS: Readonly<Record<FetchErrorKind, RemoteFailureReason>> = {
  blocked: 'blocked',
  redirect: 'invalid',
  'too-large': 'invalid',
  encoding: 'invalid',
  timeout: 'temporary',
  network: 'temporary',
  aborted: 'temporary',
};

/** A mistake of ours, such as a key that cannot sign, is no answer of the other side: it is thrown. */
async function orFailure<T>(ask: () => Promise<T>): Promise<T | RemoteFailure> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    return { ok: false, reason: REASONS[error.kind], detail: error.message };
  }
}
