import type { HostHealth } from '#activitypub/host-health-store.ts';
import type { RemoteFailure, RemoteReceipt } from '#lib/ports.ts';

/** What an inbox's answer means for one delivery, and for everything else that waits for its host. */
export type Verdict =
  | { kind: 'delivered' }
  /** It will never be taken: trying again would only be a nuisance. */
  | {
      kind: 'dropped';
      detail: string;
      /** Whether the host said so; otherwise nothing is known of it. */
      isAnswer: boolean;
    }
  /** Not tried: its turn comes later. */
  | {
      kind: 'postponed';
      /** Milliseconds from now. */
      after: number;
    }
  | {
      kind: 'retry';
      /** Milliseconds from now. */
      after: number;
      detail: string;
      /** Whether the host itself seems to be in trouble, not only this delivery. */
      hostFailed: boolean;
      /** Milliseconds during which it asked to be left alone. */
      hostPause: number | undefined;
    };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Older activities are given up: whoever was away for longer asks for what they missed. */
export const MAX_AGE = 7 * DAY;

/** Redirects, which are not followed, as a signature is for one address; and not there, for now or for good. */
const MISSING = new Set([301, 302, 303, 307, 308, 404, 410]);

/** Pauses after the first, second, … failure; the last one from then on. */
const backOff = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];

/** Tries after answers that mostly stay what they are: 404 may be a proxy that lost its server, 401 a key not fetched in time. */
const FEW_TRIES = 3;

/** Consecutive failures after which a host is left alone and probed rarely. */
const TOLERATED = 3;
const probePauses = [5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR];

/**
 * The longest pause that a whole host is given because it asked for one (milliseconds). One inbox may ask for a day, as it speaks for itself
 * only; but on some hosts strangers choose what an address answers.
 */
const MAX_HOST_PAUSE = 10 * MINUTE;

/** How long to leave a host alone that failed `failures` times in a row (milliseconds). */
function probePause(failures: number): number {
  return failures < TOLERATED ? 0 : probePauses[Math.min(failures - TOLERATED, probePauses.length - 1)]!;
}

/** Milliseconds for which an inbox is still to be left alone. */
export function pauseOf(health: HostHealth, inbox: string, now: number): number {
  if (health.failingInbox !== undefined && health.failingInbox !== inbox) return 0;
  return Math.max(0, (health.retryAt ?? 0) - now);
}

/**
 * What an answer says about the host: the circuit breaker. While one inbox alone fails, it alone is left alone, and only its own success
 * ends that; once a second one fails, the host is, until any of its inboxes answers. The same object where nothing changes. Pure.
 */
export function healthAfter(
  health: HostHealth,
  { inbox, verdict, now }: { inbox: string; verdict: Verdict; now: number },
): HostHealth {
  if (verdict.kind === 'postponed' || (verdict.kind === 'dropped' && !verdict.isAnswer)) return health;
  const isWell = health.failures === 0 && health.retryAt === undefined;
  if (verdict.kind !== 'retry' || !(verdict.hostFailed || verdict.hostPause !== undefined)) {
    const isOthers = health.failingInbox !== undefined && health.failingInbox !== inbox;
    if (isWell || isOthers) return health;
    return { ...health, failures: 0, failingSince: undefined, retryAt: undefined, failingInbox: undefined };
  }
  const isConfined = isWell || health.failingInbox === inbox;
  // However often one inbox failed by itself, it says as much about the host as any other does.
  const before = isConfined || health.failingInbox === undefined ? health.failures : Math.min(health.failures, 1);
  const failures = before + (verdict.hostFailed ? 1 : 0);
  const asked = Math.min(verdict.hostPause ?? 0, isConfined ? Infinity : MAX_HOST_PAUSE);
  const pause = Math.max(probePause(failures), asked);
  return {
    ...health,
    failures,
    failingSince: verdict.hostFailed ? (health.failingSince ?? now) : health.failingSince,
    retryAt: pause > 0 ? now + pause : undefined,
    failingInbox: isConfined ? inbox : undefined,
  };
}

/** The inbox is elsewhere, or nowhere: its actor knows. Pure. */
export function saysInboxIsMissing(answer: RemoteReceipt | RemoteFailure): boolean {
  return !answer.ok && answer.status !== undefined && MISSING.has(answer.status);
}

/** `attempt` counts the failures before this one, `age` is how old the activity is (milliseconds). Pure. */
export function judge(answer: RemoteReceipt | RemoteFailure, attempt: number, age: number): Verdict {
  if (answer.ok) return { kind: 'delivered' };
  const { detail, status, retryAfterMs } = answer;
  const isAnswer = status !== undefined && answer.reason !== 'temporary';
  const dropped: Verdict = { kind: 'dropped', detail, isAnswer };
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
