/** Where a link leads, after every check. */
export interface LinkTarget {
  /** As its author wrote it where that is harmless, otherwise as a browser would read it. */
  href: string;
  /** Lower-case host as ASCII, without a leading `www.`; empty for schemes without one. */
  host: string;
}

const PROTOCOLS = new Set(['http:', 'https:', 'mailto:', 'gemini:', 'xmpp:', 'magnet:']);
const FORBIDDEN = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/**
 * The target of a link somebody else wrote, or undefined when it must not be a link: relative, with a scheme that is
 * not for reading (`javascript:`, `data:`, ...), with control characters, or with a user name before the host
 * (`https://bank.example@evil.example`).
 *
 * The scheme is judged by the URL parser that browsers use, so an obfuscation cannot read differently there.
 */
export function readLinkTarget(href: string): LinkTarget | undefined {
  const written = href.trim();
  const url = URL.parse(written);
  if (url === null || !PROTOCOLS.has(url.protocol)) return undefined;
  if (url.username !== '' || url.password !== '' || FORBIDDEN.test(written)) return undefined;
  const host = withoutWww(url.hostname);
  // Backslashes, white space and invisible characters are read differently by people and browsers, and a page of
  // ours would resolve `https:path` against itself.
  const isPlain = !/[\s\p{Cf}\\<>"]/u.test(written);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return isPlain ? { href: written, host } : undefined;
  return { href: isPlain && /^https?:\/\/[^/]/i.test(written) ? written : url.href, host };
}

/** Whether a text is that target written out, up to normalisation (`https://example.org` for `https://example.org/`). */
export function spellsTarget(text: string, target: LinkTarget): boolean {
  if (text === target.href) return true;
  return text.includes(':') && URL.parse(text)?.href === URL.parse(target.href)?.href;
}

/** A URL with a scheme at the start of a word, after brackets and quotation marks or not. */
const URL_IN_TEXT = /(?:^|\s)[^\s\p{L}\p{N}]*https?:[/\\]*([^\s/\\?#]*)/giu;

/** A text that is nothing but a host, with or without a path. */
const BARE_HOST =
  /^[^\s\p{L}\p{N}\p{M}@#_-]*((?:[\p{L}\p{N}\p{M}_-]+[.。])+[\p{L}\p{M}]{2,}|\d+(?:\.\d+){3})(?![.。]*[\p{L}\p{N}\p{M}@_-])\S*$/u;

/** More marks on one letter than any script needs: Unicode normalisation sorts them in quadratic time. */
const PILED_UP_MARKS = /(\p{M}{30})\p{M}+/gu;

/** Endings that look like a top-level domain and are none, so that "Node.js" may link to nodejs.org. */
const FILE_NAME = /\.(?:cpp|css|csv|gif|html?|jpe?g|jsx?|json|pdf|php|png|toml|tsx?|txt|xml|ya?ml)$/i;

/**
 * Whether a link's text names another host than the one it leads to (security case A67). Strict on purpose:
 * `example.org` for `https://blog.example.org/` counts, because `github.io` for `https://evil.github.io/` must.
 */
export function namesAnotherHost(text: string, target: LinkTarget): boolean {
  if (!/[.。．｡:]/u.test(text)) return false;
  // Compatibility forms (full-width letters and dots) and invisible characters must not hide a host from us.
  const plain = text
    .replaceAll(PILED_UP_MARKS, '$1')
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .trim();
  for (const [, authority = ''] of plain.matchAll(URL_IN_TEXT)) {
    if (hostOf(authority) !== target.host) return true;
  }
  const bare = BARE_HOST.exec(plain)?.[1];
  return bare !== undefined && !FILE_NAME.test(bare) && hostOf(bare) !== target.host;
}

/** The host of an authority as a browser would see it; undefined when it has a user name or is none. */
function hostOf(authority: string): string | undefined {
  // Up to the last letter, found from the end: `[^…]+$` would be tried from every character on.
  const [named = ''] = /^.*[\p{L}\p{N}\p{M}\]]/su.exec(authority) ?? [];
  const url = URL.parse(`http://${named}`);
  return url === null || url.username !== '' ? undefined : withoutWww(url.hostname);
}

function withoutWww(hostname: string): string {
  return hostname.startsWith('www.') ? hostname.slice(4) : hostname;
}
