import type { Config } from '#config.ts';
import type { Middleware } from '#http/state.ts';

/** What a page may load: our style sheet and pictures, no script at all. Forms go back to us. */
export const PAGE_CSP =
  "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A page that others may show in a frame. It has no forms, and nothing to click that acts. */
export const EMBED_CSP =
  "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors *";

/** On every answer: what makes browsers careful with it. Pages set their own policy over this one, which is for data. */
export function securityHeaders({ hsts }: Pick<Config, 'hsts'>): Middleware {
  const headers: [string, string][] = [
    ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
    ['x-content-type-options', 'nosniff'],
    // Other sites learn where a visitor came from, not what was read.
    ['referrer-policy', 'strict-origin-when-cross-origin'],
    ['permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
    ['cross-origin-opener-policy', 'same-origin'],
  ];
  // Of this host alone: what else runs under the domain is not ours to decide.
  if (hsts > 0) headers.push(['strict-transport-security', `max-age=${hsts}`]);
  return (http, next) => {
    for (const [name, value] of headers) http.res.setHeader(name, value);
    return next();
  };
}
