/**
 * Ids: one space for everything, `unixMilliseconds * 1024 + n`, below 2^53 until the year 2248. As text 16 digits, so that numbers and
 * texts sort alike and JavaScript clients never round them. `n` is 4 bits of process slot and 6 bits of counter; a full millisecond
 * spills into the next one.
 */
const PER_MILLISECOND = 1024;
const PER_SLOT = 64;
export const SLOTS = PER_MILLISECOND / PER_SLOT;

/** First id of a millisecond. */
export function firstIdAt(milliseconds: number): number {
  return milliseconds * PER_MILLISECOND;
}

/** Milliseconds (epoch, UTC) of an id. */
export function timeOfId(id: number): number {
  return Math.floor(id / PER_MILLISECOND);
}

/** Smallest id of `slot` that is greater than `after` and not before `milliseconds`. */
export function nextId(milliseconds: number, slot: number, after: number): number {
  const first = firstIdAt(milliseconds) + slot * PER_SLOT;
  if (after < first) return first;
  const offset = after - (firstIdAt(timeOfId(after)) + slot * PER_SLOT);
  // `after` may be another slot's id (read back from the database): then the next free place is in its millisecond or the following one.
  if (offset >= 0 && offset < PER_SLOT - 1) return after + 1;
  return offset < 0 ? after - offset : firstIdAt(timeOfId(after) + 1) + slot * PER_SLOT;
}

/** Parses an id as clients send it. Undefined for anything that is not a positive safe integer in decimal. */
export function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,15}$/.test(text)) return undefined;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : undefined;
}

export interface IdSource {
  /** Id of something that happens now: strictly increasing in this process, even when the clock steps back. */
  next(): number;
  /**
   * Id of something that happened at `time` (epoch ms), greater than `after`: the greatest id known of that time. Remote servers give
   * times in whole seconds, so that thousands may share one.
   */
  at(time: number, after: number): number;
}

/** How many past moments are remembered, for the ids given to rows that are not committed yet. */
const REMEMBERED = 4_096;

export function createIdSource(now: () => number, slot: () => number): IdSource {
  let last = 0;
  const lastAt = new Map<number, number>();
  return {
    next() {
      last = nextId(Math.max(now(), timeOfId(last)), slot(), last);
      return last;
    },
    at(time, after) {
      // Of the present moment some may be given already, and where it is full those of the next ones are.
      const given = time >= timeOfId(last) ? last : 0;
      const id = nextId(time, slot(), Math.max(after, given, lastAt.get(time) ?? 0));
      if (time <= now()) last = Math.max(last, id);
      lastAt.delete(time);
      lastAt.set(time, id);
      if (lastAt.size > REMEMBERED) lastAt.delete(lastAt.keys().next().value!);
      return id;
    },
  };
}
