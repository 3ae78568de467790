import type { IncomingMessage } from 'node:http';

/** Whoever sent it went away half-way: there is nobody to answer, and nothing is wrong here. */
export class BodyAborted extends Error {
  override name = 'BodyAborted';
}

export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';
}

/**
 * The raw body, at most `limit` bytes. Always a Buffer of our own: a stream handed on would let the other side decide how much we read.
 * @throws BodyTooLarge as soon as more is announced or sent.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners('data');
        // What still comes is thrown away, so that the answer can be read.
        request.resume();
        reject(new BodyTooLarge());
        return;
      }
      chunks.push(chunk);
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once('error', () => reject(new BodyAborted('The request was aborted')));
    request.once('aborted', () => reject(new BodyAborted('The request was aborted')));
  });
}
