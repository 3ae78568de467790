import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, parse } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Middleware } from '#http/state.ts';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StaticFiles {
  /** The address of a file, which holds a hash of its bytes. @throws for a name that is not there. */
  url(name: string): string;
  serve: Middleware;
}

/** Serves a folder from memory. An address names its bytes, so browsers keep it for ever; a new version has another address. */
export function createStaticFiles(folder: string, prefix: string): StaticFiles {
  const urls = new Map<string, string>();
  const files = new Map<string, { type: string; bytes: Buffer; brotli: Buffer }>();
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (type === undefined) throw new Error(`${join(folder, name)} has a type that is not served`);
    const bytes = readFileSync(join(folder, name));
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 12);
    const url = `${prefix}/${parse(name).name}.${hash}${extname(name)}`;
    urls.set(name, url);
    files.set(url, {
      type,
      bytes,
      brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    });
  }
  return {
    url(name) {
      const url = urls.get(name);
      if (url === undefined) throw new Error(`There is no static file ${name}`);
      return url;
    },
    serve(http, next) {
      const file = http.method === 'GET' || http.method === 'HEAD' ? files.get(http.path) : undefined;
      if (!file) return next();
      const isCompressed = file.brotli.length < file.bytes.length && http.acceptsEncodings('br', 'identity') === 'br';
      http.set({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'Accept-Encoding' });
      // The mark is shown by other sites, in previews.
      http.set('cross-origin-resource-policy', 'cross-origin');
      if (isCompressed) http.set('content-encoding', 'br');
      http.type = file.type;
      http.body = isCompressed ? file.brotli : file.bytes;
      return Promise.resolve();
    },
  };
}
