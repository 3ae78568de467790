/** The floor of delivery: an RSA signature and a request for each inbox. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signAsync = promisify(sign) as (algorithm: string, data: Buffer, key: typeof privateKey) => Promise<Buffer>;
const agent = new Agent({ connections: 2, pipelining: 1 });

interface Task {
  inboxes: string[];
  body: string;
  concurrency: number;
}

async function deliver(inbox: string, body: string, digest: string): Promise<void> {
  const url = new URL(inbox);
  const date = new Date().toUTCString();
  const text = `(request-target): post ${url.pathname}\nhost: ${url.host}\ndate: ${date}\ndigest: ${digest}`;
  const signature = (await signAsync('sha256', Buffer.from(text), privateKey)).toString('base64');
  const headers = {
    date,
    digest,
    'content-type': 'application/activity+json',
    signature: `keyId="https://floor.example/key",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="${signature}"`,
  };
  const response = await request(url, { method: 'POST', headers, body, dispatcher: agent });
  await response.body.dump();
}

async function run({ inboxes, body, concurrency }: Task): Promise<void> {
  const started = performance.now();
  const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`;
  let next = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < inboxes.length) await deliver(inboxes[next++]!, body, digest);
    }),
  );
  process.send?.({ type: 'done', ms: performance.now() - started });
}

process.on('message', (task: Task) => void run(task));
process.send?.({ type: 'ready' });
