/** Public keys of remote actors, and the one place where a key and an algorithm meet. */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { decodeMultibase } from '@fedify/vocab-runtime';

/** A way to verify: the key's type decides which of those that a label allows applies, never the label alone. */
export interface Scheme {
  readonly keyType: 'rsa' | 'ed25519';
  readonly hash: 'sha256' | 'sha512' | null;
  readonly padding?: number;
  readonly saltLength?: number;
}

export const RSA_SHA256: Scheme = { keyType: 'rsa', hash: 'sha256' };
export const RSA_SHA512: Scheme = { keyType: 'rsa', hash: 'sha512' };
/** RFC 9421 section 3.3.1 fixes the salt at 64 bytes. */
export const RSA_PSS_SHA512: Scheme = {
  keyType: 'rsa',
  hash: 'sha512',
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: 64,
};
export const ED25519: Scheme = { keyType: 'ed25519', hash: null };

const RSA_BITS = { min: 2048, max: 8192 };
/** An exponent as long as the modulus makes each verification cost as much as a signature: hundreds of times the usual. */
const MAX_RSA_EXPONENT = 2n ** 32n;
/** An RSA key of 8192 bits takes 1.5 kB of PEM. */
const MAX_PEM_LENGTH = 4096;
const PUBLIC_KEY_PEM = /^-----BEGIN ((?:RSA )?PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----$/;

const ED25519_MULTICODEC = Buffer.from([0xed, 0x01]);
/** What comes before the 32 raw bytes in a SubjectPublicKeyInfo (RFC 8410 section 4). */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

const MAX_KEY_ID_LENGTH = 2048;
/** The characters of RFC 3986 and no others: what `new URL` would repair (white space, backslash, quotes, non-ASCII) is refused. */
const KEY_ID = /^https?:\/\/[!#-;=?-[\]_a-z~]+$/;

/** A key id as URL; undefined unless it is a plain http(s) one without credentials. */
export function parseKeyId(text: string): URL | undefined {
  if (text.length > MAX_KEY_ID_LENGTH || !KEY_ID.test(text)) return undefined;
  const url = URL.parse(text);
  return url === null || url.username !== '' || url.password !== '' ? undefined : url;
}

/**
 * Reads `publicKeyPem` (SPKI or PKCS#1); undefined where it is no public key that we accept. The label is read here and not by OpenSSL, which
 * would also take a certificate, or a private key whose public half it derives.
 */
export function parsePublicKeyPem(pem: string): KeyObject | undefined {
  if (pem.length > MAX_PEM_LENGTH) return undefined;
  const [, label, base64 = ''] = PUBLIC_KEY_PEM.exec(pem.trim()) ?? [];
  if (label === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  return importKey(() => createPublicKey({ key, format: 'der', type: label === 'PUBLIC KEY' ? 'spki' : 'pkcs1' }));
}

/** Reads `publicKeyMultibase` of a Multikey (FEP-521a): base58btc of an Ed25519 key; undefined for any other. */
export function parseMultikey(multibase: string): KeyObject | undefined {
  // 34 bytes are 48 digits of base58 at most; its decoder takes quadratic time.
  if (!multibase.startsWith('z') || multibase.length > 64) return undefined;
  return importKey(() => {
    const bytes = Buffer.from(decodeMultibase(multibase));
    if (bytes.length !== 34 || !bytes.subarray(0, 2).equals(ED25519_MULTICODEC)) return undefined;
    const spki = Buffer.concat([ED25519_SPKI_PREFIX, bytes.subarray(2)]);
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  });
}

function importKey(read: () => KeyObject | undefined): KeyObject | undefined {
  try {
    const key = read();
    return key !== undefined && isAcceptable(key) ? key : undefined;
  } catch {
    return undefined; // A remote server's garbage, whose many error codes tell us nothing more.
  }
}

function isAcceptable(key: KeyObject): boolean {
  if (key.type !== 'public') return false;
  if (key.asymmetricKeyType === 'ed25519') return true;
  if (key.asymmetricKeyType !== 'rsa') return false;
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = key.asymmetricKeyDetails ?? {};
  return bits >= RSA_BITS.min && bits <= RSA_BITS.max && exponent >= 3n && exponent <= MAX_RSA_EXPONENT;
}

/**
 * Whether the key made the signature by one of the schemes. Synchronous: an RSA verification takes 20 µs, its trip through the thread pool
 * 40 µs more.
 */
export function verifyWithKey(key: KeyObject, schemes: readonly Scheme[], base: Buffer, signature: Buffer): boolean {
  try {
    if (!isAcceptable(key)) return false;
    return schemes.some(({ keyType, hash, ...padding }) => {
      return key.asymmetricKeyType === keyType && verify(hash, base, { key, ...padding }, signature);
    });
  } catch {
    return false; // OpenSSL refuses some malformed signatures by throwing.
  }
}
