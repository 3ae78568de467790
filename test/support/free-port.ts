import { findFreePort } from '#lib/listening.ts';

/** A port of this machine that nobody listens on, at least just now. */
export function freePort(): Promise<number> {
  return findFreePort('127.0.0.1');
}
