import type { RemoteFailure, RemoteReceipt } from '#lib/ports.ts';

/** What an inbox's answer means for one delivery, and for everything else that waits for its host. */
export type Verdict =
  | { kind: 'delivered' }
  /** It will never be taken: trying again would only be a nuisance. */
  | { kind: 'dropped'; detail: string }
  | {
      kind: 'retry';
      /** Milliseconds from now. */
      after: number;
      detail: string;
      /** Whether the host itself seems to be in trouble, not only this delivery. */
      hostFailed: boolean;
      /** Milliseconds during which the host asked to be left alone. */
      hostPause: number | undefined;
    };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Older activities are given up: whoever was away for longer asks for what they missed. */
export const MAX_AGE = 7 * DAY;

/** Pauses after the first, second, … failure; the last one from then on. */
const backOff = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];

/** Tries after answers that mostly stay what they are: 404 may be a proxy that lost its server, 401 a key not fetched in time. */
const FEW_TRIES = 3;

/** Consecutive failures after which a host is left alone and probed rarely. */
const TOLERATED = 3;
const probePauses = [5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR];

/** How long to leave a host alone that failed `failures` times in a row; undefined while it is not. */
export function probePause(failures: number): number | undefined {
  if (failures < TOLERATED) return undefined;
  return probePauses[Math.min(failures - TOLERATED, probePauses.length - 1)];
}

/** `attempt` counts the failures before this one, `age` is how old the activity is (milliseconds). Pure. */
export function judge(answer: RemoteReceipt | RemoteFailure, attempt: number, age: number): Verdict {
  if (answer.ok) return { kind: 'delivered' };
  const { detail, status, retryAfterMs } = answer;
  const dropped: Verdict = { kind: 'dropped', detail };
  const pause = backOff[Math.min(attempt, backOff.length - 1)]!;
  const retry = (hostFailed: boolean): Verdict => {
    const after = Math.max(pause, retryAfterMs ?? 0);
    return age + after > MAX_AGE ? dropped : { kind: 'retry', after, detail, hostFailed, hostPause: retryAfterMs };
  };
  if (answer.reason === 'temporary') {
    if (status !== 429) return retry(true);
    // Too many at once: the host is well, and says when to come back (or else: in a minute).
    const hostPause = retryAfterMs ?? MINUTE;
    return age + hostPause > MAX_AGE
      ? dropped
      : { kind: 'retry', after: hostPause, detail, hostFailed: false, hostPause };
  }
  const mayChange = status === 401 || status === 404 || (answer.reason === 'invalid' && (status ?? 0) < 400);
  return mayChange && attempt + 1 < FEW_TRIES ? retry(false) : dropped;
}
