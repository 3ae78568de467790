import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { FetchError } from '#lib/fetch-error.ts';
import { buildBlockList, isInList, isPublicAddress } from '#lib/ip-block-list.ts';
import { createNameLookup } from '#lib/name-lookup.ts';

/*
 * Where connections may go. The rules of names and ports hold for each URL and once more in the connector; the addresses
 * a name resolves to are filtered in the lookup of the connection itself, so there is no second lookup that could answer
 * differently (DNS rebinding).
 */

export interface SafeAgentOptions {
  /** Development and tests: http, any port, names without a dot, literal and private addresses. */
  allowPrivateHosts: boolean;
  /** Addresses and CIDR ranges that may be reached although they are not public, as for a split DNS. */
  allowedPrivateAddresses?: readonly string[];
  /** A host (without port) this server will not talk to, for instance a blocked domain. Asked again on each redirect. */
  isHostRefused?: (host: string) => boolean;
  /** Milliseconds, 5,000 unless given. */
  connectTimeoutMs?: number;
  /** 2 unless given: a thousand hosts are two thousand sockets. */
  maxConnectionsPerHost?: number;
  /** Milliseconds an unused connection is kept, whatever the peer proposes. 10,000 unless given. */
  idleTimeoutMs?: number;
  /** Certificate authorities (PEM) in place of the default ones. */
  ca?: string;
  /** As `dns.lookup`; it is always called with `all: true`. Unless given, that of the system where private hosts are allowed. */
  lookup?: LookupFunction;
}

interface Target {
  protocol: string;
  hostname: string;
  port: string;
}

/** Why a target is refused, or undefined. */
export type HostPolicy = (target: Target) => string | undefined;

/** The ports from 1024 that the Fetch standard refuses because other protocols live there (SIP, IRC, X11 ...). */
const BAD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/**
 * In production: https to a host *name* with a dot, on port 443 or one from 1024 up (servers on 8443 exist; below 1024
 * are other protocols). A literal address is refused even if public: whoever is on the fediverse has a name, and a name
 * can be blocked. The URL parser has by then turned 2130706433, 0x7f.1 and 127.1 into 127.0.0.1.
 */
export function createHostPolicy(options: SafeAgentOptions): HostPolicy {
  return ({ protocol, hostname, port }) => {
    if (protocol !== 'https:' && !(options.allowPrivateHosts && protocol === 'http:')) return 'not https';
    if (options.isHostRefused?.(hostname.replace(/\.$/, ''))) return 'host refused';
    if (options.allowPrivateHosts) return undefined;
    if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return 'an address instead of a name';
    if (!hostname.includes('.') || hostname.endsWith('.')) return 'not a public host name';
    const portNumber = Number(port || 443);
    if (portNumber !== 443 && (portNumber < 1024 || BAD_PORTS.has(portNumber))) return `port ${portNumber}`;
    return undefined;
  };
}

/** The URL without its fragment, if it may be asked. Throws a FetchError otherwise. */
export function parseUrl(input: string | URL, refusalOf: HostPolicy): URL {
  const url = URL.parse(String(input));
  if (!url) throw new FetchError('blocked', 'Not a URL');
  if (url.username || url.password) throw new FetchError('blocked', `${url.host}: credentials in the URL`);
  const refusal = refusalOf(url);
  if (refusal) throw new FetchError('blocked', `${url.protocol}//${url.host} is refused: ${refusal}`);
  url.hash = '';
  return url;
}

export function createAgent(options: SafeAgentOptions, refusalOf: HostPolicy): Agent {
  const connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
  const idleTimeoutMs = options.idleTimeoutMs ?? 10_000;
  const open = buildConnector({
    allowH2: false, // few requests per host: nothing to gain, and the inbox signature's Host is certain
    timeout: connectTimeoutMs,
    lookup: createGuardedLookup(options),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  return new Agent({
    allowH2: false,
    connections: options.maxConnectionsPerHost ?? 2,
    pipelining: 1,
    keepAliveTimeout: idleTimeoutMs,
    keepAliveMaxTimeout: idleTimeoutMs,
    connect(target, callback) {
      // A lookup filter alone is not enough: for a literal address there is no lookup.
      const refusal = refusalOf(target);
      if (!refusal) return open(target, callback);
      const error = new FetchError('blocked', `${target.protocol}//${target.hostname} is refused: ${refusal}`);
      process.nextTick(() => callback(error, null));
    },
  });
}

/**
 * A lookup that hands on public addresses only. Private ones beside public ones are left out instead of failing the
 * host: what is left is as good as the answer of an honest name server.
 */
function createGuardedLookup(options: SafeAgentOptions): LookupFunction {
  // Names of a private network are known to the system in more ways than there are files to read; nobody hostile chooses them.
  const resolve = options.lookup ?? (options.allowPrivateHosts ? dnsLookup : createNameLookup());
  const exceptions = buildBlockList(options.allowedPrivateAddresses ?? []);
  const isAllowed = ({ address }: LookupAddress) =>
    options.allowPrivateHosts || isPublicAddress(address) || isInList(exceptions, address);

  return (hostname, lookupOptions, callback) => {
    resolve(hostname, { ...lookupOptions, all: true }, (error, answer, family) => {
      if (error) return callback(error, []);
      const addresses = typeof answer === 'string' ? [{ address: answer, family: family ?? isIP(answer) }] : answer;
      const allowed = addresses.filter(isAllowed);
      const first = allowed[0];
      if (!first) {
        const found = addresses[0]?.address ?? 'nothing';
        return callback(new FetchError('blocked', `${hostname} resolves to ${found}, which is not public`), []);
      }
      if (lookupOptions.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
