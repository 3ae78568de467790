import { domainsAbove } from '#lib/host.ts';
import { loggerOf } from '#lib/log.ts';

/** Domains held in memory, for questions that must be answered at once: by each request, each redirect, each connection. */
export interface HostList {
  /**
   * Whether `host` (any spelling, with or without port) or a domain above it is listed. What is no host at all is covered too, so that
   * nothing slips through by being misspelled.
   */
  covers(host: string): boolean;
  /** Another one whenever the list is another one: what was made by an older list is out of date. */
  readonly version: number;
  /** Reads the list anew. Done by itself every few seconds while anybody asks, as another process may have changed it. */
  refresh(): Promise<void>;
}

const MAX_AGE = 5_000;

function report(error: unknown): void {
  loggerOf('server').warning('A list of domains could not be read, the former one holds: {message}', {
    message: String(error),
  });
}

/** @param load all domains, normalised and without port */
export function createHostList(load: () => Promise<readonly string[]>): HostList {
  let domains: ReadonlySet<string> = new Set();
  let version = 0;
  let loadedAt = -Infinity;
  let asked = 0;
  let answered = 0;

  async function refresh(): Promise<void> {
    const turn = ++asked;
    loadedAt = performance.now();
    const loaded = await load();
    // On PostgreSQL one that asked before a change may be answered after one that asked behind it.
    if (turn < answered) return;
    answered = turn;
    const next = new Set(loaded);
    if (next.size !== domains.size || !next.isSubsetOf(domains)) version += 1;
    domains = next;
  }

  return {
    get version() {
      return version;
    },
    refresh,
    covers(host) {
      // The old list serves until the new one is there; a database that is gone for a moment changes nothing.
      if (performance.now() - loadedAt > MAX_AGE) refresh().catch(report);
      const names = domainsAbove(host);
      return names.length === 0 || (domains.size > 0 && names.some((name) => domains.has(name)));
    },
  };
}
