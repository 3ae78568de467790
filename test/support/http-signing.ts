/**
 * Signs requests in any shape, right and wrong: the other side of `activitypub/signature.ts`, written from the specifications and sharing no
 * code with it.
 */
import { constants, createHash, type KeyObject, sign } from 'node:crypto';

export interface Draft {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer;
}

export const SCHEME = 'https';
export const HOST = 'parvis.test';

export interface CavageSignature {
  readonly key: KeyObject;
  readonly covered: readonly string[];
  readonly hash?: 'sha256' | 'sha512';
  /** Instead of or besides keyId, algorithm, headers and signature; null leaves one out. */
  readonly parameters?: Readonly<Record<string, string | number | null>>;
}

export interface Rfc9421Signature {
  readonly key: KeyObject;
  readonly covered: readonly string[];
  readonly label?: string;
  readonly pss?: boolean;
  /** Instead of or besides created, keyid and alg, as they stand in the field; null leaves one out. */
  readonly parameters?: Readonly<Record<string, string | null>>;
  readonly created: number;
  readonly keyId: string;
}

export const base64Sha = (bits: 256 | 512, body: Buffer): string =>
  createHash(`sha${bits}`).update(body).digest('base64');

/** A draft with these headers changed, added, or with undefined taken away. */
export function withHeaders(draft: Draft, changes: Readonly<Record<string, string | undefined>>): Draft {
  const kept = draft.headers.filter(([name]) => !(name.toLowerCase() in changes));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { ...draft, headers: [...kept, ...added] };
}

/** A draft with one more header, whether there is one of that name or not. */
export function withExtraHeader(draft: Draft, name: string, value: string): Draft {
  return { ...draft, headers: [...draft.headers, [name, value]] };
}

export function headerOf(draft: Draft, name: string): string | undefined {
  return draft.headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

export function signByCavage(draft: Draft, { key, covered, hash = 'sha256', parameters = {} }: CavageSignature): Draft {
  const all: Record<string, string | number | null> = {
    keyId: 'https://remote.test/users/alice#main-key',
    algorithm: 'rsa-sha256',
    headers: covered.join(' '),
    ...parameters,
  };
  const lines = covered.map((name) => {
    if (name === '(request-target)') return `${name}: ${draft.method.toLowerCase()} ${draft.target}`;
    if (name === '(created)' || name === '(expires)') return `${name}: ${all[name.slice(1, -1)]}`;
    return `${name}: ${headerOf(draft, name) ?? ''}`;
  });
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : hash;
  const signature = sign(algorithm, Buffer.from(lines.join('\n')), key).toString('base64');
  const written: typeof all = { signature, ...all };
  const fields = Object.entries(written)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => (typeof value === 'number' ? `${name}=${value}` : `${name}="${value}"`));
  return withHeaders(draft, { signature: fields.join(',') });
}

export function signByRfc9421(draft: Draft, signature: Rfc9421Signature): Draft {
  const { key, covered, label = 'sig1', pss = false, parameters = {}, created, keyId } = signature;
  const all: Record<string, string | null> = { created: String(created), keyid: `"${keyId}"`, ...parameters };
  const tail = Object.entries(all)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `;${name}=${value}`);
  const input = `(${covered.map((name) => `"${name}"`).join(' ')})${tail.join('')}`;
  const lines = covered.map((name) => `"${name}": ${componentOf(draft, name)}`);
  const base = Buffer.from([...lines, `"@signature-params": ${input}`].join('\n'));
  const padding = pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 } : {};
  const hash = pss ? 'sha512' : 'sha256';
  const bytes = sign(key.asymmetricKeyType === 'ed25519' ? null : hash, base, { key, ...padding });
  return withHeaders(draft, {
    'signature-input': `${label}=${input}`,
    signature: `${label}=:${bytes.toString('base64')}:`,
  });
}

function componentOf(draft: Draft, name: string): string {
  const [path = '', query] = draft.target.split(/\?(.*)/s);
  switch (name) {
    case '@method':
      return draft.method;
    case '@target-uri':
      return `${SCHEME}://${headerOf(draft, 'host') ?? HOST}${draft.target}`;
    case '@authority':
      return headerOf(draft, 'host') ?? HOST;
    case '@scheme':
      return SCHEME;
    case '@request-target':
      return draft.target;
    case '@path':
      return path;
    case '@query':
      return `?${query ?? ''}`;
    default:
      return headerOf(draft, name) ?? '';
  }
}
