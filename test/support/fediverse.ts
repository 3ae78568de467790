import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { actorDocument, buildActors, signActivity, type SigningActor } from '../bench/harness/actors.ts';

/** Other servers on loopback addresses of their own, played by this process: they serve their actors and keep what they are sent. */
export interface Fediverse {
  readonly actors: SigningActor[];
  /** Activities delivered to any inbox, with the host they came to, in order of arrival. */
  readonly deliveries: { host: string; activity: Record<string, unknown> }[];
  /** Signs as `actor` and posts to `inbox`. Resolves with the status; rejects when there is no answer. */
  send(actor: SigningActor, activity: unknown, inbox: string): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startFediverse({ actors: count, hosts }: { actors: number; hosts: number }): Promise<Fediverse> {
  const deliveries: Fediverse['deliveries'] = [];
  const documents = new Map<string, string>();
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}${request.url}`;
    if (request.method === 'GET') {
      const document = documents.get(url);
      response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/activity+json' });
      response.end(document);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      deliveries.push({
        host: request.headers.host!,
        activity: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
      });
      response.writeHead(202).end();
    });
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const actors = buildActors(count, hosts, (server.address() as AddressInfo).port);
  for (const actor of actors) documents.set(actor.uri, JSON.stringify(actorDocument(actor)));
  return {
    actors,
    deliveries,
    async send(actor, activity, inbox) {
      const { headers, body } = signActivity(actor, activity, new URL(inbox), new Date());
      const { host: _, ...rest } = headers;
      return (await fetch(inbox, { method: 'POST', headers: rest, body: new Uint8Array(body) })).status;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
