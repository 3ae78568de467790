import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { BodyAborted, readBody } from '#http/body.ts';
import { createBodyBudget } from '#http/body-budget.ts';
import type { RequestState } from '#http/state.ts';

test('a body whose sender had gone before it was asked for is not waited for', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<IncomingMessage>((resolve) => void server.once('request', resolve));
  const { port } = server.address() as AddressInfo;
  const sender = request({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': '100' } });
  sender.on('error', () => {});
  sender.write('half');
  const req = await arrived;
  const gone = new Promise((resolve) => void req.socket.once('close', resolve));
  sender.destroy();
  await gone;
  const bodies = createBodyBudget({ bytes: 100, bytesOfPlace: 100, openOfPlace: 1 });
  const state = { bodies, clientAddress: '192.0.2.1' } as RequestState;
  await expect(readBody({ req, state }, 1_000)).rejects.toThrow(BodyAborted);
  // Nothing of it counts as under way.
  expect(bodies.open('192.0.2.1')).toBeDefined();
  server.close();
}, 5_000);
