import { type LookupAddress, type LookupOptions, promises as dns } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { callbackify } from 'node:util';
import { coalesce } from '#lib/coalesce.ts';
import { codeOf } from '#lib/fetch-error.ts';
import { createLru } from '#lib/lru.ts';
import { siteOf } from '#lib/site.ts';
import { createTurns } from '#lib/turns.ts';

/*
 * Names to addresses, for names that strangers choose. `dns.lookup` asks the system, which blocks one of the process's few threads until it
 * answers: a few dozen names whose name server is silent stop every other look-up, and whatever else needs the threads, for minutes. Here a
 * name that is not in the hosts file is asked of the name servers directly, which costs a socket.
 */

export interface NameLookupOptions {
  /** Name servers, as `address` or `address:port`; those of the system unless given. */
  servers?: readonly string[];
  hostsFile?: string;
}

/** Of one question to one name server (milliseconds), and how often it is asked. */
const TIMEOUT = 2_000;
const TRIES = 2;
/** How long one family of addresses is waited for once there are some of the other (milliseconds). */
const GRACE = 250;
/** How long it is remembered that there is no such name, or that nobody could say (milliseconds). */
const ABSENT_FOR = 60_000;
const UNKNOWN_FOR = 10_000;
/** Look-ups at once within one site: whoever has a domain has as many names, and as slow ones, as they like. */
const PER_SITE = { limit: 8, maxWaiting: 100, patience: 5_000 };
/** After so long the configuration of the system is looked at again (milliseconds). */
const CONFIGURATION_KEPT_FOR = 30_000;

const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

/** A look-up for sockets, as `dns.lookup` is one; it always answers with all addresses. */
export function createNameLookup({ servers, hostsFile = HOSTS_FILE }: NameLookupOptions = {}): LookupFunction {
  const findResolver = renewed(() => {
    const resolver = new dns.Resolver({ timeout: TIMEOUT, tries: TRIES });
    if (servers) resolver.setServers(servers);
    return resolver;
  });
  const findHosts = renewed(() => readHosts(hostsFile));
  const now = () => performance.now();
  const absent = createLru<string, Error>({ maxEntries: 5_000, ttlMs: ABSENT_FOR, now });
  const unknown = createLru<string, Error>({ maxEntries: 5_000, ttlMs: UNKNOWN_FOR, now });
  const turns = createTurns(PER_SITE);

  const ask = coalesce(async (name) => {
    const known = absent.get(name) ?? unknown.get(name);
    if (known) throw known;
    try {
      const found = await turns.take(siteOf(name), () => askBoth(findResolver(), name));
      if (!found) throw Object.assign(new Error(`${name} was not looked up in time`), { code: 'ETIMEOUT' });
      return found;
    } catch (error) {
      const code = codeOf(error);
      (code === NO_NAME || code === NO_ADDRESS ? absent : unknown).set(name, error as Error);
      throw error;
    }
  });

  return callbackify(async (hostname: string, { family = 0 }: LookupOptions) => {
    const name = hostname.toLowerCase();
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    const found = findHosts().get(name) ?? (await ask(name));
    const fitting = found.filter((address) => wanted === 0 || address.family === wanted);
    if (fitting.length > 0) return fitting;
    throw Object.assign(new Error(`${name} has no such address`), { code: NO_NAME });
  });
}

/** There is no such name; it has no address of this family. */
const NO_NAME = 'ENOTFOUND';
const NO_ADDRESS = 'ENODATA';

/** Both families at the same time. The system would sort them by what it can reach; sockets try them in turn anyway. */
async function askBoth(resolver: dns.Resolver, name: string): Promise<readonly LookupAddress[]> {
  const to = (family: 4 | 6) => (addresses: string[]) => addresses.map((address) => ({ address, family }));
  const four = resolver.resolve4(name).then(to(4));
  const six = resolver.resolve6(name).then(to(6));
  const answers = await Promise.allSettled([soonAfter(four, six), soonAfter(six, four)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) return found;
  const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
  // That one family has no address says nothing of the other, which perhaps could not be asked.
  const telling = reasons.find((reason) => codeOf(reason) === NO_NAME);
  throw telling ?? reasons.find((reason) => codeOf(reason) !== NO_ADDRESS) ?? reasons[0]!;
}

/** `answer`, or nothing once it is late and there is another. */
function soonAfter<T>(answer: Promise<T[]>, other: Promise<T[]>): Promise<T[]> {
  return Promise.race([
    answer,
    other.then(
      () => sleep(GRACE, []),
      () => answer,
    ),
  ]);
}

/** Builds something anew when it is asked for and old: files of the system change while we run. */
function renewed<T>(build: () => T): () => T {
  let built: { value: T; at: number } | undefined;
  return () => {
    if (!built || performance.now() - built.at > CONFIGURATION_KEPT_FOR)
      built = { value: build(), at: performance.now() };
    return built.value;
  };
}

/** The names of a hosts file, in lower case, with their addresses. Without the file there are none. */
function readHosts(file: string): ReadonlyMap<string, readonly LookupAddress[]> {
  const hosts = new Map<string, LookupAddress[]>();
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return hosts;
  }
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names) hosts.set(name, [...(hosts.get(name) ?? []), { address, family }]);
  }
  return hosts;
}
