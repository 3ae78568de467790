import { expect, test } from 'vitest';
import { coalesceGets } from '#remote/coalescing.ts';
import { createFakeRemote } from '#remote/fake.ts';
import { sparingSilentHosts } from '#remote/silent-hosts.ts';

test('those who want one document at the same time share a request', async () => {
  const fake = createFakeRemote();
  fake.serveActivity({ id: 'https://a.example/1' });
  const remote = coalesceGets(fake);
  const answers = await Promise.all(Array.from({ length: 8 }, () => remote.getActivityJson('https://a.example/1')));
  expect(answers.every((answer) => answer.ok)).toBe(true);
  expect(fake.requests).toHaveLength(1);
  await remote.getActivityJson('https://a.example/1');
  await Promise.all(
    [1, 2].map(() => remote.getActivityJson('https://a.example/1', { signal: AbortSignal.timeout(1_000) })),
  );
  expect(fake.requests).toHaveLength(4);
});

test('a host that does not answer three times is left alone for half a minute', async () => {
  let time = 0;
  const fake = createFakeRemote();
  const remote = sparingSilentHosts(fake, () => time);
  for (let n = 0; n < 10; n++) {
    expect(await remote.getActivityJson(`https://down.example/${n}`)).toMatchObject({ ok: false, reason: 'temporary' });
  }
  expect(fake.requests).toHaveLength(3);
  fake.serveActivity({ id: 'https://down.example/1' });
  expect(await remote.getActivityJson('https://down.example/1')).toMatchObject({ ok: false });
  time += 30_000;
  expect(await remote.getActivityJson('https://down.example/1')).toMatchObject({ ok: true });
  expect(await remote.getJrd('https://down.example/x')).toMatchObject({ reason: 'gone' });
});

test('a host that answers, with whatever error, is no silent one', async () => {
  const fake = createFakeRemote();
  fake.serve('https://busy.example/1', { status: 503 });
  const remote = sparingSilentHosts(fake, () => 0);
  for (let n = 0; n < 5; n++) await remote.getActivityJson('https://busy.example/1');
  expect(fake.requests).toHaveLength(5);
});
