import { hash } from 'node:crypto';
import { createLru } from '#lib/lru.ts';

/** A public answer, ready to be written. */
export interface Bytes {
  status: number;
  contentType: string;
  body: Buffer;
  etag: string;
}

export interface ByteCache {
  /**
   * The bytes under `key` as of `stamp`, rendered where they are not at hand. One stamp per key: a newer one replaces the older. Requests that
   * come meanwhile wait for the same rendering.
   */
  get(key: string, stamp: string, render: () => Promise<Bytes>): Promise<Bytes>;
}

const MAX_ENTRIES = 20_000;
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Keeps what Fedify rendered, which costs it ten milliseconds each time. Only of what is public: nothing here depends on who asks. The stamp
 * comes from the row that is shown and changes whenever it does, in whichever process, so nothing stale is ever served.
 */
export function createByteCache(): ByteCache {
  const entries = createLru<string, { stamp: string; bytes: Bytes }>({
    maxEntries: MAX_ENTRIES,
    maxBytes: MAX_BYTES,
    sizeOf: ({ bytes }) => bytes.body.length + 200,
  });
  const rendering = new Map<string, Promise<Bytes>>();

  return {
    async get(key, stamp, render) {
      const entry = entries.get(key);
      if (entry?.stamp === stamp) return entry.bytes;
      const name = `${stamp} ${key}`;
      let running = rendering.get(name);
      if (!running) {
        running = render().finally(() => rendering.delete(name));
        rendering.set(name, running);
      }
      const bytes = await running;
      entries.set(key, { stamp, bytes });
      return bytes;
    },
  };
}

export function toBytes(status: number, contentType: string, body: Buffer): Bytes {
  return { status, contentType, body, etag: `"${hash('sha256', body, 'base64url').slice(0, 27)}"` };
}
