import { sign } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { unsignedRequest, withSignature } from './actors.ts';
import type { Request } from './load.ts';
import { type Mix, mixedStream } from './mixed-load.ts';

/** A mixed load at an even rate; plain data, which threads can share. */
export interface SteadyMix extends Omit<Mix, 'timeOf'> {
  inbox: string;
  /** When the first activity is dated (milliseconds). */
  startsAt: number;
  perSecond: number;
}

/** Of an RSA-2048 key. */
const SIGNATURE_BYTES = 256;

/** Every so many requests carry a signature that does not fit: the errors of a real day, to be answered with 401. */
const FORGED_EVERY = 997;

export const forgedAmong = (count: number): number => Math.floor(count / FORGED_EVERY);

interface Share {
  mix: SteadyMix;
  /** This thread signs every `of`-th activity from the `first` on. */
  first: number;
  of: number;
}

/**
 * Signs the whole load before it is sent, on all cores: signing takes time that the server needs, which is measured on the same cores. Returns the signatures in order (256 bytes each).
 */
export async function signAll(mix: SteadyMix): Promise<Buffer> {
  const of = availableParallelism();
  const shares = await Promise.all(Array.from({ length: of }, (_, first) => signShare({ mix, first, of })));
  const all = Buffer.allocUnsafe(mix.count * SIGNATURE_BYTES);
  for (let i = 0; i < mix.count; i++) {
    const start = Math.floor(i / of) * SIGNATURE_BYTES;
    shares[i % of]!.copy(all, i * SIGNATURE_BYTES, start, start + SIGNATURE_BYTES);
  }
  return all;
}

/** The requests of the load, each put together when it is asked for. */
export function* signedRequests(mix: SteadyMix, signatures: Buffer): Generator<Request> {
  const inbox = new URL(mix.inbox);
  let i = 0;
  for (const { actor, activity } of mixedStream({ ...mix, timeOf: timeOf(mix) })) {
    const signature = Buffer.from(signatures.subarray(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES));
    if (i % FORGED_EVERY === FORGED_EVERY - 1) signature[0]! ^= 1;
    const request = unsignedRequest(activity, inbox, new Date(timeOf(mix)(i)));
    yield { method: 'POST', path: inbox.pathname, ...withSignature(actor, request, signature) };
    i++;
  }
}

const timeOf =
  ({ startsAt, perSecond }: SteadyMix) =>
  (i: number): number =>
    startsAt + Math.floor((i / perSecond) * 1_000);

function signShare(share: Share): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(import.meta.filename, { workerData: share });
    worker.once('message', (signatures: Uint8Array) => resolve(Buffer.from(signatures.buffer)));
    worker.once('error', reject);
  });
}

if (!isMainThread) {
  const { mix, first, of } = workerData as Share;
  const inbox = new URL(mix.inbox);
  const signatures = new Uint8Array(Math.ceil((mix.count - first) / of) * SIGNATURE_BYTES);
  let i = 0;
  for (const { actor, activity } of mixedStream({ ...mix, timeOf: timeOf(mix) })) {
    if (i % of === first) {
      const { signed } = unsignedRequest(activity, inbox, new Date(timeOf(mix)(i)));
      signatures.set(sign('sha256', signed, actor.privateKey), Math.floor(i / of) * SIGNATURE_BYTES);
    }
    i++;
  }
  parentPort!.postMessage(signatures, [signatures.buffer]);
}
