import { createLru } from '#lib/lru.ts';
import type { Remote, RemoteFailure } from '#lib/ports.ts';

/** Times in a row that a host may leave us without an answer, and how long it is then left alone (milliseconds). */
const TRIES = 3;
const PAUSE = 30_000;

/**
 * Does not ask a host again and again that gives no answer at all: each time would hold up a worker, or a request, until the time is out, and
 * whoever can make us fetch could hold up all of them.
 */
export function sparingSilentHosts(remote: Remote, now: () => number): Remote {
  const silent = createLru<string, { times: number; until: number }>({ maxEntries: 5_000 });

  async function ask<T extends { ok: true }>(
    url: string,
    get: () => Promise<T | RemoteFailure>,
  ): Promise<T | RemoteFailure> {
    const host = URL.parse(url)?.host ?? '';
    const before = silent.get(host);
    if (before && before.times >= TRIES && now() < before.until) {
      return { ok: false, reason: 'temporary', detail: `${host} has not answered for some time` };
    }
    const answer = await get();
    const isSilent = !answer.ok && answer.reason === 'temporary' && answer.status === undefined;
    if (!isSilent) silent.delete(host);
    else silent.set(host, { times: (silent.get(host)?.times ?? 0) + 1, until: now() + PAUSE });
    return answer;
  }

  return {
    getActivityJson: (url, options) => ask(url, () => remote.getActivityJson(url, options)),
    getJrd: (url, options) => ask(url, () => remote.getJrd(url, options)),
    getBytes: (url, options) => remote.getBytes(url, options),
    post: (inbox, headers, body) => remote.post(inbox, headers, body),
  };
}
