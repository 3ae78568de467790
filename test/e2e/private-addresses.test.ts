import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { create } from '../bench/harness/activities.ts';
import { buildActors, signActivity } from '../bench/harness/actors.ts';
import { type Instance, startInstance } from '../support/instance.ts';

/** A server as it runs in the world: with nothing allowed that is for tests. */
let instance: Instance;
/** What stands in the network behind it, and must never be reached. */
let secret: Server;
let connections = 0;
let port: number;

beforeAll(async () => {
  secret = createServer((socket) => {
    connections++;
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  }).listen(0, '::');
  await once(secret, 'listening');
  port = (secret.address() as AddressInfo).port;
  instance = await startInstance({ env: { FEDERATION_PRIVATE_HOSTS: 'off' } });
});

afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  secret.close();
});

const hosts: [id: string, host: string][] = [
  ...[
    '100.64.0.1',
    '198.18.0.1',
    '192.0.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '0.0.0.0',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::1]',
    '[2001::1]',
  ].map((host): [string, string] => ['A49', host]),
  ...['[::ffff:127.0.0.1]', '[::7f00:1]', '2130706433', '0x7f.1', '127.1', 'localhost.', 'localhost', 'dotless'].map(
    (host): [string, string] => ['A50', host],
  ),
  ...['127.0.0.1', '[::1]'].map((host): [string, string] => ['N08', host]),
];

test.each(hosts)('%s: the running server never connects to %s, whoever names it', async (_, host) => {
  const before = connections;
  for (const scheme of ['http', 'https']) {
    expect(await instance.call('lookupAccount', `${scheme}://${host}:${port}/users/mallory`)).toBeNull();
    expect(await instance.call('lookupPost', `${scheme}://${host}:${port}/notes/1`)).toBeNull();
    const origin = `${scheme}://${host}:${port}`;
    const uri = `${origin}/users/mallory`;
    const mallory = { ...keyHolder, origin, uri, host: `${host}:${port}`, keyId: `${uri}#main-key` };
    const inbox = `${instance.origin}/inbox`;
    const { headers, body } = signActivity(mallory, create(mallory, 1, new Date()), new URL(inbox), new Date());
    const { host: _host, ...sent } = headers;
    const { status } = await fetch(inbox, { method: 'POST', headers: sent, body: new Uint8Array(body) });
    expect([400, 401, 503]).toContain(status);
  }
  expect(await instance.call('lookupAccount', `mallory@${host}:${port}`)).toBeNull();
  expect(connections).toBe(before);
});

const [keyHolder] = buildActors(1, 1, 1) as [ReturnType<typeof buildActors>[number]];
