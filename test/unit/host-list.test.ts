import { expect, test } from 'vitest';
import { createHostList } from '#lib/host-list.ts';

test('a listed domain covers its subdomains, ports and spellings, and no neighbours', async () => {
  const list = createHostList(async () => ['evil.example', 'xn--bcher-kva.example']);
  await list.refresh();
  for (const host of [
    'evil.example',
    'EVIL.example',
    'a.b.evil.example',
    'evil.example.',
    'evil.example:8443',
    'bücher.example',
  ]) {
    expect(list.covers(host), host).toBe(true);
  }
  for (const host of ['notevil.example', 'example', 'evil.example.org', '127.0.0.1', '[::1]:3000'])
    expect(list.covers(host), host).toBe(false);
});

test('what is no host is covered', async () => {
  const list = createHostList(async () => []);
  await list.refresh();
  for (const host of ['', 'a b', 'evil.example/x', 'user@evil.example']) expect(list.covers(host), host).toBe(true);
  expect(list.covers('good.example')).toBe(false);
});

test('a list that cannot be read stays as it was', async () => {
  let fails = false;
  const list = createHostList(async () => {
    if (fails) throw new Error('gone');
    return ['evil.example'];
  });
  await list.refresh();
  fails = true;
  await expect(list.refresh()).rejects.toThrow('gone');
  expect(list.covers('evil.example')).toBe(true);
});

test('a list that was read earlier does not replace one that was read later, whichever comes first', async () => {
  const answers: ((domains: string[]) => void)[] = [];
  const list = createHostList(() => new Promise((resolve) => answers.push(resolve)));
  const [before, after] = [list.refresh(), list.refresh()];
  answers[1]!(['evil.example']);
  await after;
  expect(list.covers('evil.example')).toBe(true);
  answers[0]!([]);
  await before;
  expect(list.covers('evil.example')).toBe(true);
});
