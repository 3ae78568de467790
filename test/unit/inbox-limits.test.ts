import { expect, test } from 'vitest';
import { createInboxLimits, type InboxLimits } from '#activitypub/inbox-limits.ts';

const KIB = 1024;

function limitsAt(now: () => number): InboxLimits {
  return createInboxLimits({ config: { rateLimits: true } as never, now });
}

/** How often in a row something is allowed. */
function count(isAllowed: () => boolean): number {
  for (let times = 0; times < 10_000; times++) if (!isAllowed()) return times;
  return Infinity;
}

test('large bodies cost more than small ones', () => {
  const limits = limitsAt(() => 0);
  const posted = (place: string, bytes: number) =>
    count(() => limits.mayPost(place, 'a.example') && limits.mayBring(place, 'a.example', bytes));
  expect(posted('small', 8 * KIB)).toBe(2_000);
  expect(posted('large', 80 * KIB)).toBe(200);
  expect(posted('huge', 1024 * KIB)).toBe(15);
});

test('hosts that nobody here has to do with may bring a tenth', () => {
  const limits = limitsAt(() => 0);
  const stranger = () =>
    limits.mayPost('here', 'a.example') &&
    limits.mayBring('here', 'a.example', 1) &&
    limits.mayIntrude('here', 'a.example', 1);
  expect(count(stranger)).toBe(200);
});

test('of what may be asked of one host no place can use more than a tenth', () => {
  let time = 0;
  const limits = limitsAt(() => time);
  expect(count(() => limits.mayFetch('here', 'a.example'))).toBe(60);
  expect(limits.mayFetch('there', 'a.example')).toBe(true);
  expect(limits.mayFetch('here', 'b.example')).toBe(true);
  time += 10_000;
  expect(count(() => limits.mayFetch('here', 'a.example'))).toBe(10);
});

test('verifying what is signed within has a limit for all together', () => {
  const limits = limitsAt(() => 0);
  const places = Array.from({ length: 10 }, (_, n) => count(() => limits.mayProve(`place ${n}`)));
  expect(places[0]).toBe(100);
  expect(places.reduce((sum, times) => sum + times, 0)).toBe(200);
});
