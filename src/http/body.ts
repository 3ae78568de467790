import { placeOf } from '#http/rate-limit.ts';
import type { HttpContext } from '#http/state.ts';

/** Whoever sent it went away half-way: there is nobody to answer, and nothing is wrong here. */
export class BodyAborted extends Error {
  override name = 'BodyAborted';
}

export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';
}

/** So much is being read that no more can be held: come back later. */
export class TooManyBodies extends Error {
  override name = 'TooManyBodies';
}

/** Bytes that a piece costs beside its own, as each is an object: a body sent byte by byte takes much more memory than it has bytes. */
const PIECE = 512;

/**
 * The raw body, at most `limit` bytes and as far as there is room for it (`body-budget.ts`). Always a Buffer of our own: a stream handed on
 * would let the other side decide how much we read.
 * @throws BodyTooLarge as soon as more is announced or sent; TooManyBodies; BodyAborted
 */
export async function readBody({ req, state }: Pick<HttpContext, 'req' | 'state'>, limit: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge();
  // Somebody who left while something else was awaited is not heard of again: waiting for the rest would last for ever.
  if (req.destroyed) throw new BodyAborted('The request was aborted');
  const share = state.bodies.open(placeOf(state.clientAddress));
  if (!share) throw new TooManyBodies();
  state.body = share;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (error: Error) => {
      req.removeAllListeners('data');
      // What still comes is thrown away, so that the answer can be read.
      req.resume();
      chunks.length = 0;
      reject(error);
    };
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) refuse(new BodyTooLarge());
      else if (!share.take(chunk.length + PIECE)) refuse(new TooManyBodies());
      else chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    req.once('error', () => reject(new BodyAborted('The request was aborted')));
    req.once('aborted', () => reject(new BodyAborted('The request was aborted')));
  });
}
