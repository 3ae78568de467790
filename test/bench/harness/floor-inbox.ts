/** The floor of the inbox: what no server of signed activities can avoid, and nothing else. Nothing is stored. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { createServer } from 'node:http';

const keys = new Map<string, KeyObject>();

process.on('message', (message: { keys: Record<string, string> }) => {
  for (const [id, pem] of Object.entries(message.keys)) keys.set(id, createPublicKey(pem));
  process.send?.({ type: 'ready' });
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const body = Buffer.concat(chunks);
    const { digest, signature, host, date, 'content-type': type } = request.headers;
    const [, keyId, value] = /keyId="([^"]+)".*signature="([^"]+)"/.exec(String(signature)) ?? [];
    const lines = `(request-target): post ${request.url}\nhost: ${host}\ndate: ${date}\ndigest: ${String(digest)}\ncontent-type: ${type}`;
    const key = keys.get(keyId ?? '');
    const isRight =
      digest === `SHA-256=${createHash('sha256').update(body).digest('base64')}` &&
      key !== undefined &&
      verify('sha256', Buffer.from(lines), key, Buffer.from(value ?? '', 'base64')) &&
      typeof JSON.parse(body.toString()) === 'object';
    response.writeHead(isRight ? 202 : 401, { 'content-length': 0 });
    response.end();
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ type: 'listening', port: (server.address() as { port: number }).port }),
);
