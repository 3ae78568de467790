/** A request as received, indexed once for the readers of both signature specifications. Strict: what could be read in two ways is refused. */

/** A request as it came off the wire: `target` is path and query, `rawHeaders` alternates name and value as in `node:http`. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
}

export interface ReceivedRequest extends RequestHead {
  readonly body: Buffer | undefined;
}

export interface VerificationOptions {
  /** Our own hosts in lower case, with their port where it is not the scheme's default. */
  readonly hosts: ReadonlySet<string>;
  /** The scheme clients see; behind a TLS proxy it is `https` whatever the socket says. */
  readonly scheme: 'http' | 'https';
  /** Unix time in milliseconds. */
  readonly now: number;
}

/** `status` is the answer to give; `reason` a fixed phrase with nothing from the request in it, safe to log, to count and to show. */
export interface Refusal {
  readonly ok: false;
  readonly status: 400 | 401 | 421;
  readonly reason: string;
}

export interface Message {
  readonly ok: true;
  readonly method: string;
  readonly target: string;
  readonly scheme: string;
  /** The Host in lower case, without the scheme's default port. */
  readonly authority: string;
  readonly now: number;
  /** Whether the signature must vouch for the body: always, but for a GET or HEAD without one. */
  readonly needsDigest: boolean;
  /** By lower-case name; a repeated header is in `repeated` too. */
  readonly fields: ReadonlyMap<string, string>;
  readonly repeated: ReadonlySet<string>;
}

/** Headers that decide who signed what: a second one is smuggling, whichever of the two a proxy or a library would read. */
const ONLY_ONCE = ['signature', 'signature-input', 'digest', 'content-digest', 'host', 'date'];
const DEFAULT_PORT = { http: ':80', https: ':443' };
const WINDOW = 60 * 60 * 1000;

const METHOD = /^[A-Z]+$/;
const TARGET = /^\/[!-~]*$/;
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const PRINTABLE = /^[\t -~]*$/;
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

export function refuse(status: Refusal['status'], reason: string): Refusal {
  return { ok: false, status, reason };
}

export function indexRequest(
  request: RequestHead & { hasBody: boolean },
  { hosts, scheme, now }: VerificationOptions,
): Message | Refusal {
  const { method, target, hasBody } = request;
  const { fields, repeated } = indexHeaders(request.rawHeaders);
  if (ONLY_ONCE.some((name) => repeated.has(name))) return refuse(400, 'a header that must be unique is repeated');

  const host = fields.get('host')?.toLowerCase();
  if (host === undefined) return refuse(400, 'no Host header');
  const authority = host.endsWith(DEFAULT_PORT[scheme]) ? host.slice(0, -DEFAULT_PORT[scheme].length) : host;
  if (!hosts.has(authority)) return refuse(421, 'the Host is not served here');
  if (!METHOD.test(method) || !TARGET.test(target)) return refuse(400, 'malformed request line');

  const needsDigest = hasBody || (method !== 'GET' && method !== 'HEAD');
  return { ok: true, method, target, scheme, authority, now, needsDigest, fields, repeated };
}

function indexHeaders(rawHeaders: readonly string[]): Pick<Message, 'fields' | 'repeated'> {
  const fields = new Map<string, string>();
  const repeated = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (fields.has(name)) repeated.add(name);
    else fields.set(name, rawHeaders[index + 1] ?? '');
  }
  return { fields, repeated };
}

/**
 * The value a header adds to a signature base; undefined where it is absent, repeated, or has a byte that is not printable ASCII (a line
 * break would forge further lines of the base), and for what is no header's name, such as a derived component that we do not know.
 */
export function fieldValue(message: Message, name: string): string | undefined {
  const value = FIELD_NAME.test(name) ? message.fields.get(name) : undefined;
  if (value === undefined || message.repeated.has(name) || !PRINTABLE.test(value)) return undefined;
  return value.trim();
}

/** An IMF-fixdate (RFC 9110 section 5.6.7) as Unix milliseconds, else NaN, which is outside every window. */
export function parseHttpDate(text: string): number {
  return HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
}

/** Clocks differ and deliveries queue, but a signature is no licence to replay: one hour either side, as Fedify. */
export function isWithinWindow(time: number, now: number): boolean {
  return Math.abs(now - time) <= WINDOW;
}
