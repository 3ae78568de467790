/**
 * A process that plays every other server: on each loopback address it serves its actors' documents and WebFinger, and accepts whatever is
 * delivered. As little work as possible, so that what is measured is the other side.
 */
import { createServer } from 'node:http';

export type HostsMessage =
  | { type: 'actors'; documents: Record<string, string> }
  | { type: 'reset' }
  | { type: 'count' };

const documents = new Map<string, Buffer>();
/** Inbox URL → deliveries since the last reset. */
const deliveries = new Map<string, number>();
let received = 0;
let last = 0;
let fetched = 0;

const server = createServer((request, response) => {
  const url = `http://${request.headers.host}${request.url}`;
  if (request.method === 'POST') {
    request.resume();
    request.once('end', () => {
      received++;
      last = Date.now();
      deliveries.set(url, (deliveries.get(url) ?? 0) + 1);
      response.writeHead(202, { 'content-length': 0 });
      response.end();
    });
    return;
  }
  const document = documents.get(url) ?? webFinger(request.url ?? '', request.headers.host ?? '');
  if (!document) {
    response.writeHead(404, { 'content-length': 0 });
    response.end();
    return;
  }
  fetched++;
  const type = request.url?.startsWith('/.well-known') ? 'application/jrd+json' : 'application/activity+json';
  response.writeHead(200, { 'content-type': type, 'content-length': document.length });
  response.end(document);
});

function webFinger(path: string, host: string): Buffer | undefined {
  const name = /^\/\.well-known\/webfinger\?resource=acct%3A([^%]+)%40/i.exec(path)?.[1];
  if (name === undefined) return undefined;
  const self = { rel: 'self', type: 'application/activity+json', href: `http://${host}/users/${name}` };
  return Buffer.from(JSON.stringify({ subject: `acct:${name}@${host}`, links: [self] }));
}

process.on('message', (message: HostsMessage) => {
  if (message.type === 'actors') {
    for (const [url, document] of Object.entries(message.documents)) documents.set(url, Buffer.from(document));
    process.send?.({ type: 'ready' });
  }
  if (message.type === 'reset') {
    deliveries.clear();
    received = 0;
    fetched = 0;
    process.send?.({ type: 'ready' });
  }
  if (message.type === 'count') process.send?.({ type: 'count', received, inboxes: deliveries.size, last, fetched });
});

server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2] ?? 0), '0.0.0.0', 2_048, () => {
  process.send?.({ type: 'listening', port: (server.address() as { port: number }).port });
});
