import { coalesce } from '#lib/coalesce.ts';
import type { Remote } from '#lib/ports.ts';

/**
 * Lets those who want the same document at the same time share one request: a popular post makes a hundred jobs ask for its author at once.
 * Calls with a signal of their own are not shared, as one caller's impatience is not the others'. What is shared must not be changed.
 */
export function coalesceGets(remote: Remote): Remote {
  const getActivityJson = coalesce((url) => remote.getActivityJson(url));
  const getJrd = coalesce((url) => remote.getJrd(url));
  return {
    getActivityJson: (url, options) => (options ? remote.getActivityJson(url, options) : getActivityJson(url)),
    getJrd: (url, options) => (options ? remote.getJrd(url, options) : getJrd(url)),
    post: (inbox, headers, body) => remote.post(inbox, headers, body),
  };
}
