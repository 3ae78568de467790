import { expect, test } from 'vitest';
import { healthAfter, judge, pauseOf, type Verdict } from '#activitypub/delivery-verdict.ts';
import { type HostHealth, newHealth } from '#activitypub/host-health-store.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ONE = 'https://a.example/users/one/inbox';
const TWO = 'https://a.example/users/two/inbox';

const down = judge({ ok: false, reason: 'temporary', detail: 'ECONNREFUSED' }, 0, 0);
const leaveMeAlone = judge({ ok: false, reason: 'temporary', detail: '503', status: 503, retryAfterMs: DAY }, 0, 0);
const refused = judge({ ok: false, reason: 'refused', detail: 'status 403', status: 403 }, 0, 0);
const delivered: Verdict = { kind: 'delivered' };

function after(...events: [inbox: string, verdict: Verdict][]): HostHealth {
  return events.reduce(
    (health, [inbox, verdict]) => healthAfter(health, { inbox, verdict, now: 0 }),
    newHealth('a.example'),
  );
}

test('one inbox that asks for a day gets it, and its neighbours go on being served', () => {
  const health = after([ONE, leaveMeAlone]);
  expect(pauseOf(health, ONE, 0)).toBe(DAY);
  expect(pauseOf(health, ONE, DAY)).toBe(0);
  expect(pauseOf(health, TWO, 0)).toBe(0);
  expect(after([ONE, leaveMeAlone], [TWO, delivered])).toEqual(health);
  expect(after([ONE, leaveMeAlone], [ONE, delivered])).toEqual(newHealth('a.example'));
});

test('a second inbox that fails makes it the host’s trouble, for minutes at first, however long and often the first one failed', () => {
  const often = Array.from({ length: 20 }, (): [string, Verdict] => [ONE, down]);
  expect(pauseOf(after(...often), ONE, 0)).toBe(6 * 60 * MINUTE);
  expect(pauseOf(after(...often), TWO, 0)).toBe(0);
  expect(pauseOf(after(...often, [TWO, down]), TWO, 0)).toBe(0);
  expect(pauseOf(after(...often, [TWO, down], [TWO, down]), TWO, 0)).toBe(5 * MINUTE);
  expect(pauseOf(after([ONE, leaveMeAlone], [TWO, leaveMeAlone]), TWO, 0)).toBe(10 * MINUTE);
  expect(after(...often, [TWO, down], [TWO, down], [ONE, delivered])).toEqual(newHealth('a.example'));
});

test('an answer of any kind shows that the host is there; what was given up unanswered shows nothing', () => {
  expect(after([ONE, down], [ONE, refused])).toEqual(newHealth('a.example'));
  const expired = judge({ ok: false, reason: 'temporary', detail: 'ECONNREFUSED' }, 9, 7 * DAY);
  expect(expired).toMatchObject({ kind: 'dropped' });
  expect(after([ONE, down], [ONE, expired])).toEqual(after([ONE, down]));
  expect(after([ONE, down], [ONE, { kind: 'postponed', after: MINUTE }])).toEqual(after([ONE, down]));
});
