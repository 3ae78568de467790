import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RemoteFailure } from '#lib/ports.ts';
import { coalesceGets } from '#remote/coalescing.ts';
import { createFakeRemote } from '#remote/fake.ts';
import { createKnownHosts } from '#remote/known-hosts.ts';
import { paceGets } from '#remote/pacing.ts';
import { sparingSilentHosts } from '#remote/silent-hosts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function build() {
  const fake = createFakeRemote();
  const known = createKnownHosts();
  const sparing = sparingSilentHosts(fake, known, () => performance.now());
  return { fake, known, sparing, paced: paceGets(sparing, known) };
}

/** What comes of something that waits, once time has passed for long enough. */
async function later<T>(promise: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(120_000);
  return promise;
}

const refusedFor = (answer: unknown) => (answer as RemoteFailure).detail ?? '';

test('those who want one document at the same time share a request', async () => {
  const fake = createFakeRemote();
  fake.serveActivity({ id: 'https://a.example/1' });
  const remote = coalesceGets(fake);
  const answers = await Promise.all(Array.from({ length: 8 }, () => remote.getActivityJson('https://a.example/1')));
  expect(answers.every((answer) => answer.ok)).toBe(true);
  expect(fake.requests).toHaveLength(1);
  await remote.getActivityJson('https://a.example/1');
  await Promise.all(
    [1, 2].map(() => remote.getActivityJson('https://a.example/1', { signal: new AbortController().signal })),
  );
  expect(fake.requests).toHaveLength(4);
});

test('a host that does not answer three times is left alone for half a minute', async () => {
  const { fake, sparing } = build();
  for (let n = 0; n < 10; n++) {
    expect(await sparing.getActivityJson(`https://down.example/${n}`)).toMatchObject({
      ok: false,
      reason: 'temporary',
    });
  }
  expect(fake.requests).toHaveLength(3);
  fake.serveActivity({ id: 'https://down.example/1' });
  expect(await sparing.getActivityJson('https://down.example/1')).toMatchObject({ ok: false });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await sparing.getActivityJson('https://down.example/1')).toMatchObject({ ok: true });
  expect(await sparing.getJrd('https://down.example/x')).toMatchObject({ reason: 'gone' });
});

test('a host that answers, with whatever error, is no silent one, unless it takes long', async () => {
  const { fake, sparing } = build();
  fake.serve('https://busy.example/1', { status: 503 });
  for (let n = 0; n < 5; n++) await sparing.getActivityJson('https://busy.example/1');
  expect(fake.requests).toHaveLength(5);
  fake.serve('https://busy.example/1', { status: 503, latencyMs: 6_000 });
  for (let n = 0; n < 5; n++) {
    const answer = sparing.getActivityJson('https://busy.example/1');
    await vi.advanceTimersByTimeAsync(6_000);
    await answer;
  }
  expect(fake.requests).toHaveLength(8);
});

test('hosts of one site that are slow count as one, but never against one that answers, and made-up names count for nothing', async () => {
  const { fake, sparing } = build();
  fake.serveActivity({ id: 'https://social.site.example/1' });
  expect(await sparing.getActivityJson('https://social.site.example/1')).toMatchObject({ ok: true });
  // Nothing of these is there, and one hears so at once.
  for (let n = 0; n < 20; n++) await sparing.getActivityJson(`https://x${n}.site.example/1`);
  expect(fake.requests).toHaveLength(21);
  const slow = (host: string) => fake.serve(`https://${host}/1`, { failure: 'temporary', latencyMs: 9_000 });
  for (let n = 0; n < 6; n++) {
    slow(`h${n}.site.example`);
    const answer = sparing.getActivityJson(`https://h${n}.site.example/1`);
    await vi.advanceTimersByTimeAsync(9_000);
    await answer;
  }
  expect(fake.requests).toHaveLength(24);
  expect(await sparing.getActivityJson('https://social.site.example/1')).toMatchObject({ ok: true });
  fake.serveActivity({ id: 'https://other.example/1' });
  expect(await sparing.getActivityJson('https://other.example/1')).toMatchObject({ ok: true });
});

test('two bursts that are nobody’s fault get through: fifty authors of one host, and the first questions of a new one', async () => {
  const { fake, paced } = build();
  const jrd = { headers: { 'content-type': 'application/jrd+json' }, body: '{}', latencyMs: 100 };
  const asked = Array.from({ length: 50 }, async (_, n) => {
    fake.serve(`https://big.example/users/${n}`, {
      headers: { 'content-type': 'application/activity+json' },
      body: '{}',
      latencyMs: 100,
    });
    fake.serve(`https://big.example/.well-known/webfinger?resource=${n}`, jrd);
    const actor = await paced.getActivityJson(`https://big.example/users/${n}`);
    return [actor, await paced.getJrd(`https://big.example/.well-known/webfinger?resource=${n}`)];
  });
  const answers = (await later(Promise.all(asked))).flat();
  expect(answers.filter((answer) => !answer.ok)).toEqual([]);
  for (const path of ['actor', 'key', 'webfinger', 'note', 'featured']) {
    fake.serveActivity({ id: `https://new.example/${path}` });
    expect(await paced.getActivityJson(`https://new.example/${path}`)).toMatchObject({ ok: true });
  }
});

test('two GETs to one host are under way at once, and no more to all the unknown hosts of a site', async () => {
  const { fake, paced } = build();
  let underway = 0;
  let most = 0;
  const slowly = async () => {
    most = Math.max(most, ++underway);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    underway -= 1;
    return { status: 404 };
  };
  const asked = Array.from({ length: 12 }, (_, n) => {
    fake.serve(`https://h${n}.site.example/1`, slowly);
    return paced.getActivityJson(`https://h${n}.site.example/1`);
  });
  fake.serveActivity({ id: 'https://other.example/1' });
  const other = paced.getActivityJson('https://other.example/1');
  await vi.advanceTimersByTimeAsync(1);
  expect(await other).toMatchObject({ ok: true });
  const answers = await later(Promise.all(asked));
  expect(most).toBe(2);
  // Whoever waited for too long is told to come again.
  expect(answers.filter((answer) => refusedFor(answer).includes('too much at once')).length).toBeGreaterThan(0);
  expect(fake.requests.length).toBeLessThan(13);
});

test('a known host has places of its own, whatever its neighbours do', async () => {
  const { fake, paced } = build();
  fake.serveActivity({ id: 'https://social.site.example/1' });
  await paced.getActivityJson('https://social.site.example/1');
  for (let n = 0; n < 50; n++) {
    fake.serve(`https://site.example:${8_000 + n}/1`, { failure: 'temporary', latencyMs: 9_000 });
    void paced.getActivityJson(`https://site.example:${8_000 + n}/1`);
  }
  const answer = paced.getActivityJson('https://social.site.example/1');
  await vi.advanceTimersByTimeAsync(1);
  expect(await answer).toMatchObject({ ok: true });
  await vi.advanceTimersByTimeAsync(120_000);
});
