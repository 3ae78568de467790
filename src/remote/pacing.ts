import type { Remote, RemoteFailure } from '#lib/ports.ts';
import { createTurns } from '#lib/turns.ts';
import { hostOfUrl, type KnownHosts } from '#remote/known-hosts.ts';

/**
 * GETs under way to one host at once, as many as there are connections to it; how many wait for their turn, and how long (milliseconds). The
 * authors of fifty answers, each with a look at WebFinger, are through in a few seconds; who waits for longer tries again later.
 */
const PER_HOST = { limit: 2, maxWaiting: 200, patience: 10_000 };

/**
 * Has few GETs to one host under way at a time, and the others wait for them a little: strangers name what is fetched, so they could keep
 * all our places busy with a slow host, or set us on somebody. There is no limit a minute: whoever used that up would shut out everybody
 * else who has to do with the host, and what strangers may make us fetch is limited where they ask for it.
 */
export function paceGets(remote: Remote, known: KnownHosts): Remote {
  const turns = createTurns(PER_HOST);

  async function inTurn<T extends { ok: true }>(
    url: string,
    get: () => Promise<T | RemoteFailure>,
  ): Promise<T | RemoteFailure> {
    const host = hostOfUrl(url);
    const answer = await turns.take(known.keyOf(host), get);
    return answer ?? { ok: false, reason: 'temporary', detail: `${host} is asked for too much at once` };
  }

  return {
    getActivityJson: (url, options) => inTurn(url, () => remote.getActivityJson(url, options)),
    getJrd: (url, options) => inTurn(url, () => remote.getJrd(url, options)),
    post: (inbox, headers, body) => remote.post(inbox, headers, body),
  };
}
