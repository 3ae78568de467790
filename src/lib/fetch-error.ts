export type FetchErrorKind =
  /** Our rules forbid this URL, host or address. */
  | 'blocked'
  /** A redirect too many, in a circle, or to where it may not lead. */
  | 'redirect'
  | 'timeout'
  | 'too-large'
  /** The content coding of the answer is unknown or broken. */
  | 'encoding'
  /** Name resolution, connection, TLS or protocol failed; `code` has the system's word for it. */
  | 'network'
  /** The caller's own signal. */
  | 'aborted';

/** The message names the host and never the path, query, headers or body: it is safe to log. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly kind: FetchErrorKind;
  /** As in `ECONNREFUSED`, `ENOTFOUND`, `UND_ERR_SOCKET`, `CERT_HAS_EXPIRED`. */
  readonly code?: string;

  constructor(kind: FetchErrorKind, message: string, options: { cause?: unknown; code?: string | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    if (options.code !== undefined) this.code = options.code;
  }
}

const TIMEOUT_CODES = new Set([
  'ETIMEDOUT',
  // Of name servers.
  'ETIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** An error of undici or the system as one of ours; `url` is the one that was asked. */
export function toFetchError(error: unknown, url: URL): FetchError {
  if (error instanceof FetchError) return error;
  const code = codeOf(error);
  const options = { cause: error, code };
  if (code && TIMEOUT_CODES.has(code)) return new FetchError('timeout', `${url.host} did not answer in time`, options);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new FetchError('too-large', `${url.host}: long headers`, options);
  return new FetchError('network', `${url.host}: ${code ?? 'the request failed'}`, options);
}

/** The code of an error, or of the first that is inside (as when every address of a host refused). */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
