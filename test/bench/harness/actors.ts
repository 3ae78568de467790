import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** An actor of a fake host, with the key to sign for it. */
export interface SigningActor {
  name: string;
  /** Address and port: a loopback address of its own, so that each host is another host. */
  host: string;
  origin: string;
  uri: string;
  keyId: string;
  privateKey: KeyObject;
  /** SPKI, PEM. */
  publicKey: string;
}

/** Key pairs take 100 ms each: a few serve all actors, under ids of their own. */
const KEY_PAIRS = 8;

/** Loopback addresses 127.1.0.1, 127.1.0.2, …: the fake hosts answer on all of them. */
export function hostNumber(n: number, port: number): string {
  return `127.${1 + Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${1 + (n % 250)}:${port}`;
}

export function buildActors(count: number, hosts: number, port: number): SigningActor[] {
  const pairs = Array.from({ length: KEY_PAIRS }, () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  );
  return Array.from({ length: count }, (_, n) => {
    const host = hostNumber(n % hosts, port);
    const origin = `http://${host}`;
    const name = `actor${n}`;
    const uri = `${origin}/users/${name}`;
    const pair = pairs[n % KEY_PAIRS]!;
    return {
      name,
      host,
      origin,
      uri,
      keyId: `${uri}#main-key`,
      privateKey: createPrivateKey(pair.privateKey),
      publicKey: pair.publicKey,
    };
  });
}

export interface SignedRequest {
  headers: Record<string, string>;
  body: Buffer;
}

/** A delivery before it is signed, and what its signature covers. */
export interface UnsignedRequest extends SignedRequest {
  signed: Buffer;
}

/** Signs as Mastodon does (draft-cavage, RSA-SHA256). */
export function signActivity(actor: SigningActor, activity: unknown, inbox: URL, date: Date): SignedRequest {
  const request = unsignedRequest(activity, inbox, date);
  return withSignature(actor, request, sign('sha256', request.signed, actor.privateKey));
}

export function unsignedRequest(activity: unknown, inbox: URL, date: Date): UnsignedRequest {
  const body = Buffer.from(JSON.stringify(activity));
  const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`;
  const headers = { host: inbox.host, date: date.toUTCString(), digest, 'content-type': 'application/activity+json' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return { headers, body, signed: Buffer.from([`(request-target): post ${inbox.pathname}`, ...lines].join('\n')) };
}

export function withSignature(actor: SigningActor, request: UnsignedRequest, signature: Buffer): SignedRequest {
  const covered = `(request-target) ${Object.keys(request.headers).join(' ')}`;
  const value = `keyId="${actor.keyId}",algorithm="rsa-sha256",headers="${covered}",signature="${signature.toString('base64')}"`;
  return { headers: { ...request.headers, signature: value }, body: request.body };
}

/** The actor's document, as its host serves it. */
export function actorDocument(actor: Pick<SigningActor, 'uri' | 'name' | 'origin' | 'keyId' | 'publicKey'>) {
  const { uri, name, origin } = actor;
  return {
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    id: uri,
    type: 'Person',
    preferredUsername: name,
    name: `Actor ${name}`,
    summary: '<p>Somebody</p>',
    url: `${origin}/@${name}`,
    inbox: `${uri}/inbox`,
    outbox: `${uri}/outbox`,
    followers: `${uri}/followers`,
    following: `${uri}/following`,
    manuallyApprovesFollowers: false,
    discoverable: true,
    published: '2024-03-01T00:00:00Z',
    endpoints: { sharedInbox: `${origin}/inbox` },
    publicKey: { id: actor.keyId, owner: uri, publicKeyPem: actor.publicKey },
  };
}
