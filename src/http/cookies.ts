import type { HttpContext } from '#http/state.ts';

type Http = Pick<HttpContext, 'req' | 'res' | 'state'>;

/** The value of a cookie of ours, undefined where there is none. Of two with the same name the first counts, as browsers send the most specific first. */
export function readCookie(http: Http, name: string): string | undefined {
  const header = http.req.headers.cookie;
  if (header === undefined) return undefined;
  const full = fullName(http, name);
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === full) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

export interface CookieOptions {
  /** Seconds it lives; 0 deletes it, undefined leaves it until the browser closes. */
  maxAge?: number;
}

/**
 * Sets a cookie that no script reads and no other site's form brings along. (Koa's own cookies refuse `Secure` where the proxy speaks HTTP
 * to us; here the configured origin says what the browser speaks.) `value` is a token of ours: letters, digits, `-` and `_`.
 */
export function writeCookie(http: Http, name: string, value: string, { maxAge }: CookieOptions = {}): void {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  const secure = isSecure(http) ? '; Secure' : '';
  http.res.appendHeader(
    'set-cookie',
    `${fullName(http, name)}=${value}; Path=/; HttpOnly; SameSite=Lax${age}${secure}`,
  );
}

export function deleteCookie(http: Http, name: string): void {
  writeCookie(http, name, '', { maxAge: 0 });
}

/** `__Host-` makes the browser refuse the cookie from another host or without HTTPS: a subdomain cannot plant one. */
function fullName(http: Http, name: string): string {
  return isSecure(http) ? `__Host-${name}` : name;
}

function isSecure({ state }: Http): boolean {
  return state.ctx.config.scheme === 'https';
}
