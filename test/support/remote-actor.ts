import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request } from 'node:http';
import type { App } from '#app.ts';
import type { FakeRemote } from '#remote/fake.ts';
import { base64Sha, type Draft, signByCavage, signByRfc9421, withHeaders } from './http-signing.ts';

export type Json = Record<string, unknown>;

/** Making RSA keys takes long: tests share a few. */
const rsaKeys: { publicKey: KeyObject; privateKey: KeyObject }[] = [];

function rsaKey(name: string): { publicKey: KeyObject; privateKey: KeyObject } {
  const index = createHash('md5').update(name).digest().readUInt8() % 4;
  return (rsaKeys[index] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }));
}

export const AS = 'https://www.w3.org/ns/activitystreams';
export const PUBLIC = `${AS}#Public`;

/** Somebody on another server, who has a document, a WebFinger entry and a key, and can sign. */
export interface RemoteActor {
  uri: string;
  keyId: string;
  name: string;
  host: string;
  privateKey: KeyObject;
  publicPem: string;
  document: Json;
  followers: string;
  /** A post of theirs, public unless said otherwise. */
  note(fields?: Json): Json & { id: string };
  /** An activity of theirs with an id of its own. */
  activity(type: string, object: unknown, fields?: Json): Json & { id: string };
}

export interface RemoteActorOptions {
  uri?: string;
  document?: Json;
  /** Leaves WebFinger without an answer. */
  webfinger?: 'none';
  /** Of a pool: two actors of one name have the same key. */
  keyName?: string;
}

let count = 0;

/** Puts `name@host` on the fake network. */
export function buildRemoteActor(remote: FakeRemote, handle: string, options: RemoteActorOptions = {}): RemoteActor {
  const [name = '', host = ''] = handle.split('@');
  const uri = options.uri ?? `https://${host}/users/${name}`;
  const keyId = `${uri}#main-key`;
  const { publicKey, privateKey } = rsaKey(options.keyName ?? handle);
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const followers = `${uri}/followers`;
  const document: Json & { id: string } = {
    '@context': [AS, 'https://w3id.org/security/v1'],
    id: uri,
    type: 'Person',
    preferredUsername: name,
    name: name.toUpperCase(),
    inbox: `${uri}/inbox`,
    outbox: `${uri}/outbox`,
    followers,
    featured: `${uri}/featured`,
    endpoints: { sharedInbox: `https://${host}/inbox` },
    publicKey: { id: keyId, owner: uri, publicKeyPem: publicPem },
    ...options.document,
  };
  remote.serveActivity(document);
  if (options.webfinger !== 'none') serveHandle(remote, `${name}@${host}`, uri);
  const activity: RemoteActor['activity'] = (type, object, fields = {}) => ({
    '@context': AS,
    id: `${uri}/activities/${++count}`,
    type,
    actor: uri,
    object,
    ...fields,
  });
  const note: RemoteActor['note'] = (fields = {}) => ({
    id: `${uri}/notes/${++count}`,
    type: 'Note',
    attributedTo: uri,
    content: '<p>Guten Tag</p>',
    published: '2026-01-15T11:00:00Z',
    to: [PUBLIC],
    cc: [followers],
    ...fields,
  });
  return { uri, keyId, name, host, privateKey, publicPem, document, followers, note, activity };
}

/** A WebFinger entry: of `handle`, leading to `uri`, under the subject it names. */
export function serveHandle(remote: FakeRemote, handle: string, uri: string, subject = handle): void {
  const links = [{ rel: 'self', type: 'application/activity+json', href: uri }];
  const host = handle.slice(handle.indexOf('@') + 1);
  const url = `https://${host}/.well-known/webfinger?resource=${encodeURIComponent(`acct:${handle}`)}`;
  remote.serve(url, {
    headers: { 'content-type': 'application/jrd+json' },
    body: JSON.stringify({ subject: `acct:${subject}`, links }),
  });
}

export interface Delivery {
  path?: string;
  host?: string;
  /** Header changes made before signing, and after. */
  headers?: Record<string, string | undefined>;
  tampered?: (draft: Draft) => Draft;
  covered?: string[];
  keyId?: string;
  key?: KeyObject;
  algorithm?: string;
  /** In place of draft-cavage. */
  spec?: 'rfc9421';
  date?: number;
  parameters?: Record<string, string | number | null>;
}

const COVERED = ['(request-target)', 'host', 'date', 'digest'];

/** A signed POST, as the actor's server would make it. */
export function signDelivery(app: App, from: RemoteActor, activity: unknown, delivery: Delivery = {}): Draft {
  const body = Buffer.isBuffer(activity)
    ? activity
    : Buffer.from(typeof activity === 'string' ? activity : JSON.stringify(activity));
  const draft: Draft = withHeaders(
    {
      method: 'POST',
      target: delivery.path ?? '/inbox',
      headers: [
        ['host', delivery.host ?? app.ctx.config.host],
        ['date', new Date(delivery.date ?? app.ctx.now()).toUTCString()],
        ['content-type', 'application/activity+json'],
        ['digest', `SHA-256=${base64Sha(256, body)}`],
      ],
      body,
    },
    delivery.headers ?? {},
  );
  const key = delivery.key ?? from.privateKey;
  const keyId = delivery.keyId ?? from.keyId;
  if (delivery.spec === 'rfc9421') {
    const digested = withHeaders(draft, { digest: undefined, 'content-digest': `sha-256=:${base64Sha(256, body)}:` });
    const covered = delivery.covered ?? ['@method', '@target-uri', 'content-digest'];
    const created = Math.floor((delivery.date ?? app.ctx.now()) / 1000);
    const parameters = delivery.parameters as Record<string, string | null> | undefined;
    const signed = signByRfc9421(digested, { key, keyId, covered, created, ...(parameters && { parameters }) });
    return delivery.tampered?.(signed) ?? signed;
  }
  const signed = signByCavage(draft, {
    key,
    covered: delivery.covered ?? COVERED,
    parameters: { keyId, algorithm: delivery.algorithm ?? 'rsa-sha256', ...delivery.parameters },
  });
  return delivery.tampered?.(signed) ?? signed;
}

export interface Answered {
  status: number;
  body: string;
}

/** Sends a request exactly as it is written: header by header, in its order. */
export function send(port: number, draft: Draft): Promise<Answered> {
  const headers = draft.headers.flatMap(([name, value]) => [name, value]);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        port,
        host: '127.0.0.1',
        method: draft.method,
        path: draft.target,
        headers: [...headers, 'content-length', String(draft.body?.length ?? 0)] as never,
        setHost: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(draft.body);
  });
}
