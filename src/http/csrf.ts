import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readCookie, writeCookie } from '#http/cookies.ts';
import { sessionToken } from '#http/session.ts';
import type { HttpContext } from '#http/state.ts';
import { derive } from '#lib/seal.ts';

/** Name of the hidden field. */
export const CSRF_FIELD = 'csrf';
/** What ties the forms of somebody not signed in to their browser. */
const NAME = 'parvis-form';

/** The token for the forms of this page. Of somebody not signed in it sets a cookie, so the page must not be cached. */
export function csrfToken(http: HttpContext): string {
  const session = sessionToken(http);
  if (session !== undefined) return sign(http, `session ${session}`);
  let binding = readCookie(http, NAME);
  if (binding === undefined || !/^[\w-]{22}$/.test(binding)) {
    binding = randomBytes(16).toString('base64url');
    writeCookie(http, NAME, binding);
  }
  return sign(http, `form ${binding}`);
}

/**
 * Whether a form was sent from a page of ours. Two guards, each sufficient in a browser of today: where the browser says the request
 * comes from, and a token that no other site can read.
 */
export function isFromOurPage(http: HttpContext, token: string | null): boolean {
  if (isFromElsewhere(http)) return false;
  const session = sessionToken(http);
  const binding = readCookie(http, NAME);
  if (token === null || (session === undefined && binding === undefined)) return false;
  const expected = Buffer.from(sign(http, session === undefined ? `form ${binding}` : `session ${session}`));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whether the browser says that another site sent this. */
export function isFromElsewhere(http: HttpContext): boolean {
  const site = http.get('sec-fetch-site');
  if (site !== '' && site !== 'same-origin') return true;
  const sender = http.get('origin');
  // `null` comes with Referrer-Policy: no-referrer, and from sandboxed frames: the token decides.
  return sender !== '' && sender !== 'null' && sender !== http.state.ctx.config.origin;
}

/** The key is derived once per secret: derivation costs more than the signature. */
const keys = new WeakMap<Buffer, Buffer>();

function sign(http: HttpContext, text: string): string {
  const { secret } = http.state.ctx.config;
  let key = keys.get(secret);
  if (!key) keys.set(secret, (key = derive(secret, 'csrf')));
  return createHmac('sha256', key).update(text).digest('base64url');
}
