import { setImmediate } from 'node:timers/promises';

/**
 * Lets pieces of work start one after another, and the event loop turn in between once they have taken `milliseconds`: a database that answers
 * at once makes many pieces one, in which nobody else is answered. While there is little to do, it costs next to nothing.
 */
export function createBreather(milliseconds: number): () => Promise<void> {
  let last = Promise.resolve();
  let started = 0;
  async function next(before: Promise<void>): Promise<void> {
    await before;
    // What started before goes on until it waits for something.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (performance.now() - started < milliseconds) return;
    await setImmediate();
    started = performance.now();
  }
  return () => (last = next(last));
}
