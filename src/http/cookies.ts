import type { IncomingMessage, ServerResponse } from 'node:http';

/** The value of a cookie, undefined where there is none. Of two with the same name the first counts, as browsers send the most specific first. */
export function readCookie(request: IncomingMessage, name: string): string | undefined {
  const header = request.headers.cookie;
  if (header === undefined) return undefined;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

export interface CookieOptions {
  /** Whether it is for HTTPS only. */
  secure: boolean;
  /** Seconds it lives; 0 deletes it, undefined leaves it until the browser closes. */
  maxAge?: number;
}

/**
 * Sets a cookie that no script reads and no other site's form brings along. (Koa's own cookies refuse `Secure` where the proxy speaks HTTP
 * to us; here the configured origin says what the browser speaks.) `value` is a token of ours: letters, digits, `-` and `_`.
 */
export function writeCookie(
  response: ServerResponse,
  name: string,
  value: string,
  { secure, maxAge }: CookieOptions,
): void {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  response.appendHeader(
    'set-cookie',
    `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${age}${secure ? '; Secure' : ''}`,
  );
}

/** `__Host-` makes the browser refuse the cookie from another host or without HTTPS: a subdomain cannot plant one. */
export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}
