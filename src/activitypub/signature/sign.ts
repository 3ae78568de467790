/** Signs our own requests: deliveries to inboxes, and GETs for servers that ask who is reading. */
import { type KeyObject, sign as signWithCallback } from 'node:crypto';
import { promisify } from 'node:util';
import { ED25519, RSA_SHA256, type Scheme } from '#activitypub/signature/key.ts';

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly keyId: string;
  /** RSA, which everyone verifies; Ed25519 only for peers known to take it. */
  readonly privateKey: KeyObject;
  /** Unix time in milliseconds. */
  readonly now: number;
  /** `digest` is that of `digestOf`. */
  readonly body?: { readonly digest: string; readonly contentType: string };
  readonly accept?: string;
}

/** In the thread pool: an RSA signature takes a millisecond. */
const sign = promisify(signWithCallback);

/** Header names in lower case to values; to be sent as they are, `host` too. */
export type SignedHeaders = Readonly<Record<string, string>>;

/** Signs by draft-cavage-http-signatures-12, in the order and with the label of Mastodon, which every server takes. */
export async function signCavage(request: OutgoingRequest): Promise<SignedHeaders> {
  const { method, url, keyId, privateKey, now, body, accept } = request;
  const { scheme, cavageLabel } = algorithmFor(privateKey);
  const headers: Record<string, string> = {
    host: url.host,
    date: new Date(now).toUTCString(),
    ...(body && { digest: `SHA-256=${body.digest}`, 'content-type': body.contentType }),
    ...(accept !== undefined && { accept }),
  };
  const covered = { '(request-target)': `${method.toLowerCase()} ${url.pathname}${url.search}`, ...headers };
  const base = Object.entries(covered).map(([name, value]) => `${name}: ${value}`);
  const signature = await sign(scheme.hash, Buffer.from(base.join('\n')), privateKey);
  const names = Object.keys(covered).join(' ');
  return {
    ...headers,
    signature: `keyId="${keyId}",algorithm="${cavageLabel}",headers="${names}",signature="${signature.toString('base64')}"`,
  };
}

/** Signs by RFC 9421, covering what Mastodon 4.5 and later ask for. */
export async function signRfc9421(request: OutgoingRequest): Promise<SignedHeaders> {
  const { method, url, keyId, privateKey, now, body, accept } = request;
  const { scheme, rfc9421Label } = algorithmFor(privateKey);
  const contentDigest = body && `sha-256=:${body.digest}:`;
  const covered = [
    ['@method', method],
    ['@target-uri', `${url.origin}${url.pathname}${url.search}`],
    ...(contentDigest === undefined ? [] : [['content-digest', contentDigest]]),
  ];
  const names = covered.map(([name]) => `"${name}"`).join(' ');
  const parameters = `(${names});created=${Math.floor(now / 1000)};keyid="${keyId}";alg="${rfc9421Label}"`;
  const base = [...covered.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${parameters}`];
  const signature = await sign(scheme.hash, Buffer.from(base.join('\n')), privateKey);
  return {
    host: url.host,
    ...(accept !== undefined && { accept }),
    ...(contentDigest !== undefined && body && { 'content-digest': contentDigest, 'content-type': body.contentType }),
    'signature-input': `sig1=${parameters}`,
    signature: `sig1=:${signature.toString('base64')}:`,
  };
}

function algorithmFor(key: KeyObject): { scheme: Scheme; cavageLabel: string; rfc9421Label: string } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { scheme: RSA_SHA256, cavageLabel: 'rsa-sha256', rfc9421Label: 'rsa-v1_5-sha256' };
    case 'ed25519':
      // The draft registers no name of its own for it.
      return { scheme: ED25519, cavageLabel: 'hs2019', rfc9421Label: 'ed25519' };
    default:
      throw new TypeError('only RSA and Ed25519 keys can sign');
  }
}
