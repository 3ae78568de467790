import { createLru } from '#lib/lru.ts';
import type { Remote, RemoteFailure } from '#lib/ports.ts';
import { siteOf } from '#lib/site.ts';
import { hostOfUrl, type KnownHosts } from '#remote/known-hosts.ts';

/** Times in a row that a host may leave us without an answer, and how long it is then left alone (milliseconds). */
const TRIES = 3;
const PAUSE = 30_000;
/** An answer that took longer is as good as none; and no answer has held somebody up if it took longer (milliseconds). */
const SLOW_ANSWER = 5_000;
const SLOW_FAILURE = 1_000;

/**
 * Does not ask a host again and again that gives no answer, or only slow ones: each time would hold up a worker, or a request, until the time
 * is out, and whoever can make us fetch could hold up all of them. The same for the hosts of one site that never answered, all together;
 * but only for what held somebody up, as names that do not exist can be made up within any site.
 */
export function sparingSilentHosts(remote: Remote, known: KnownHosts, now: () => number): Remote {
  const silent = createLru<string, { times: number; until: number }>({ maxEntries: 10_000 });

  function isLeftAlone(key: string): boolean {
    const before = silent.get(key);
    return before !== undefined && before.times >= TRIES && now() < before.until;
  }

  function count(key: string): void {
    silent.set(key, { times: (silent.get(key)?.times ?? 0) + 1, until: now() + PAUSE });
  }

  async function ask<T extends { ok: true }>(
    url: string,
    get: () => Promise<T | RemoteFailure>,
  ): Promise<T | RemoteFailure> {
    const host = hostOfUrl(url);
    const site = `*.${siteOf(host)}`;
    if (isLeftAlone(host) || (!known.has(host) && isLeftAlone(site))) {
      return { ok: false, reason: 'temporary', detail: `${host} has not answered for some time` };
    }
    const start = performance.now();
    const answer = await get();
    const time = performance.now() - start;
    // Our own rules may have forbidden the question: then nobody was asked.
    if (!answer.ok && answer.reason === 'blocked') return answer;
    const isUnanswered = !answer.ok && answer.reason === 'temporary' && answer.status === undefined;
    if (isUnanswered || time >= SLOW_ANSWER) {
      count(host);
      if (!known.has(host) && time >= SLOW_FAILURE) count(site);
    } else {
      silent.delete(host);
      if (!known.has(host)) silent.delete(site);
      known.add(host);
    }
    return answer;
  }

  return {
    getActivityJson: (url, options) => ask(url, () => remote.getActivityJson(url, options)),
    getJrd: (url, options) => ask(url, () => remote.getJrd(url, options)),
    post: (inbox, headers, body) => remote.post(inbox, headers, body),
  };
}
