import type { LookupAddress } from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { codeOf } from '#lib/fetch-error.ts';
import { createNameLookup } from '#lib/name-lookup.ts';
import { createSafeFetch } from '#lib/safe-fetch.ts';
import { type NameServer, startNameServer } from '../support/name-server.ts';

let server: NameServer;
let lookup: LookupFunction;
const directory = mkdtempSync(join(tmpdir(), 'parvis-hosts-'));
const hostsFile = join(directory, 'hosts');

beforeAll(async () => {
  writeFileSync(
    hostsFile,
    '# ours\n192.0.2.7 Internal.example other # and more\n2001:db8::7 internal.example\nnonsense x\n',
  );
  server = await startNameServer(({ name, family }) => {
    if (name.endsWith('.tarpit.example')) return undefined;
    if (name === 'six.example') return family === 6 ? ['2606:4700:0:0:0:0:0:1'] : 'none';
    if (name === 'four.example') return family === 4 ? ['198.41.0.4', '198.41.0.5'] : 'none';
    if (name === 'half.example') return family === 4 ? ['198.41.0.4'] : undefined;
    if (name.endsWith('.good.example')) return family === 4 ? ['198.41.0.4'] : ['2606:4700:0:0:0:0:0:1'];
    return 'no such name';
  });
  lookup = createNameLookup({ servers: [server.address], hostsFile });
});
afterEach(() => void server.questions.splice(0));
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

function ask(name: string, family?: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, ...(family === undefined ? {} : { family }) }, (error, found) => {
      if (error) reject(error);
      else resolve((found as unknown as LookupAddress[]).map(({ address }) => address));
    });
  });
}

test('a name has its addresses of both families', async () => {
  expect(await ask('a.good.example')).toEqual(['198.41.0.4', '2606:4700::1']);
  expect(await ask('b.good.example', 6)).toEqual(['2606:4700::1']);
  expect(await ask('four.example')).toEqual(['198.41.0.4', '198.41.0.5']);
  expect(await ask('six.example')).toEqual(['2606:4700::1']);
  await expect(ask('six.example', 4)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('the hosts file goes before the name servers', async () => {
  expect(await ask('INTERNAL.example')).toEqual(['192.0.2.7', '2001:db8::7']);
  expect(await ask('other')).toEqual(['192.0.2.7']);
  expect(server.questions).toEqual([]);
});

test('that a name is not there is remembered, and those who ask at the same time share the question', async () => {
  const asked = Array.from({ length: 5 }, () => ask('nobody.example'));
  for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ reason: { code: 'ENOTFOUND' } });
  await expect(ask('nobody.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(server.questions).toHaveLength(2);
});

test('a family that is not answered for does not hold up the other', async () => {
  const start = performance.now();
  expect(await ask('half.example')).toEqual(['198.41.0.4']);
  // Sooner than the first question is given up.
  expect(performance.now() - start).toBeLessThan(2_000);
});

test('names whose name server is silent hold up nobody else, and few of one site are asked for at once', async () => {
  let givenUp = 0;
  const silent = Array.from({ length: 60 }, (_, n) =>
    ask(`h${n}.tarpit.example`)
      .catch(codeOf)
      .finally(() => givenUp++),
  );
  expect(await ask('honest.good.example')).toContain('198.41.0.4');
  expect(givenUp).toBe(0);
  expect(new Set(server.questions.filter(({ name }) => name.includes('tarpit')).map(({ name }) => name)).size).toBe(8);
  expect(new Set(await Promise.all(silent))).toEqual(new Set(['ETIMEOUT']));
});

test('A50: in production a name that the hosts file or a name server gives a private address is never connected', async () => {
  const fetch = createSafeFetch({ allowPrivateHosts: false, userAgent: 'Parvis/test', lookup });
  await expect(fetch.request('https://internal.example/')).rejects.toMatchObject({ kind: 'blocked' });
  await fetch.close();
});
