import { isIP } from 'node:net';

/*
 * One spelling per host and handle. Names are compared, blocked and stored in this form only, so that no upper case,
 * trailing dot, default port, IDN or invisible character makes a second name of the same thing.
 */

/** Spaces, controls and invisible characters, which IDNA would silently drop, and whatever makes more than a host of it. */
const NOT_IN_HOST = /[\s\p{Cc}\p{Cf}\p{Z}/\\?#@%]/u;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * `host` or `host:port` in its only spelling: lower case, IDN as punycode, without trailing dot and without the default
 * port of https (another port makes another authority and stays). Undefined for what is no host.
 */
export function normalizeHost(input: string): string | undefined {
  if (input.length === 0 || input.length > 300 || NOT_IN_HOST.test(input)) return undefined;
  const url = URL.parse(`https://${input}`);
  if (!url) return undefined;
  const hostname = url.hostname.replace(/\.$/, '');
  if (!isHostName(hostname) && !hostname.startsWith('[')) return undefined;
  return url.port ? `${hostname}:${url.port}` : hostname;
}

function isHostName(hostname: string): boolean {
  return hostname.length <= 253 && hostname.split('.').every((label) => LABEL.test(label));
}

/** The name without its port. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '');
}

/** Whether a host name (without port, as in `URL.hostname`) is this machine's to itself, by one of the usual names. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/**
 * Whether `blockedDomain` covers `host`: itself and every subdomain, on every port. Both in any spelling. What is no host
 * matches nothing: refuse it before.
 */
export function hostMatches(host: string, blockedDomain: string): boolean {
  const blocked = normalizeHost(blockedDomain);
  return blocked !== undefined && domainsAbove(host).includes(hostnameOf(blocked));
}

/** The host and its parent domains, `a.b.example` giving `[a.b.example, b.example, example]`: to look up in a set or table. */
export function domainsAbove(host: string): string[] {
  const normalized = normalizeHost(host);
  if (normalized === undefined) return [];
  const hostname = hostnameOf(normalized);
  if (hostname.startsWith('[') || isIP(hostname) !== 0) return [hostname];
  const labels = hostname.split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}

export interface Handle {
  /** Lower case: the key by which a name is found, whatever case its owner prefers to show. */
  name: string;
  /** Normalised; undefined where the handle names none, which means this server. */
  host: string | undefined;
}

/** As Mastodon's: dots and hyphens inside only. ASCII only, so nothing looks like somebody else. */
const HANDLE = /^(?:acct:)?@?([a-z0-9_](?:[a-z0-9_.-]{0,253}[a-z0-9_])?)(?:@([^@]+))?$/i;

/** `@name@host`, `name@host`, `acct:name@host`, `@name` or `name`. Undefined for anything else. */
export function parseHandle(input: string): Handle | undefined {
  const [, name, hostPart] = HANDLE.exec(input) ?? [];
  if (name === undefined) return undefined;
  const host = hostPart === undefined ? undefined : normalizeHost(hostPart);
  if (hostPart !== undefined && host === undefined) return undefined;
  return { name: name.toLowerCase(), host };
}

/**
 * The origin of an http(s) URL, undefined for anything else. Also undefined for what other parsers may read as another
 * host: controls, spaces, backslashes, credentials.
 */
export function originOf(url: string): string | undefined {
  if (/[\s\p{Cc}\\]/u.test(url)) return undefined;
  const parsed = URL.parse(url);
  if (!parsed || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return undefined;
  return parsed.username || parsed.password ? undefined : parsed.origin;
}

/** Whether both are http(s) URLs of the same scheme, host and port. */
export function isSameOrigin(a: string, b: string): boolean {
  const origin = originOf(a);
  return origin !== undefined && origin === originOf(b);
}
