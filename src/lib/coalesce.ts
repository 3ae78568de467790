/**
 * Lets concurrent calls with the same key share one run of `fn`, and its result or error. Nothing is kept afterwards: a
 * cache is the caller's affair.
 */
export function coalesce<T>(fn: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  return (key) => {
    const shared = running.get(key);
    if (shared) return shared;
    // `try` also turns what `fn` throws at once into a rejection.
    const run = Promise.try(fn, key).finally(() => running.delete(key));
    running.set(key, run);
    return run;
  };
}
