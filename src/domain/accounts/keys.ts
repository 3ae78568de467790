import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Ctx } from '#context.ts';
import { type AccountKey, type KeyAlgorithm, listKeys } from '#domain/accounts/key-store.ts';
import { NotFound } from '#domain/errors.ts';
import { localUrls } from '#domain/urls.ts';
import { seal, unseal } from '#lib/seal.ts';

const PURPOSE = 'account keys';
const generate = promisify(generateKeyPair);

/**
 * The keys of a new local account: RSA-2048 for HTTP signatures (what every server understands; its signing costs a quarter of
 * RSA-4096), Ed25519 for integrity proofs. Takes about 100 ms: never in a transaction.
 */
export async function generateKeys(ctx: Ctx, accountId: number): Promise<AccountKey[]> {
  const urls = localUrls(ctx.config);
  const rsa = await generate('rsa', { modulusLength: 2048 });
  const ed25519 = await generate('ed25519');
  const key = (
    algorithm: KeyAlgorithm,
    uri: string,
    pair: { publicKey: KeyObject; privateKey: KeyObject },
  ): AccountKey => ({
    uri,
    accountId,
    algorithm,
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: seal(ctx.config.secret, PURPOSE, pair.privateKey.export({ type: 'pkcs8', format: 'der' })),
    fetchedAt: ctx.now(),
  });
  return [
    key('rsa', urls.key(accountId, 'main-key'), rsa),
    key('ed25519', urls.key(accountId, 'ed25519-key'), ed25519),
  ];
}

export interface SigningKey {
  uri: string;
  privateKey: KeyObject;
}

/** Whether `secret` is the one that a local account's key was sealed with. */
export function opensKey(secret: Buffer, sealed: Buffer): boolean {
  try {
    unseal(secret, PURPOSE, sealed);
    return true;
  } catch {
    return false;
  }
}

/** A local account's private key. @throws NotFound for remote accounts. */
export async function getSigningKey(ctx: Ctx, accountId: number, algorithm: KeyAlgorithm): Promise<SigningKey> {
  const key = (await listKeys(ctx.db, accountId)).find((candidate) => candidate.algorithm === algorithm);
  if (!key?.privateKey) throw new NotFound('Key');
  const der = unseal(ctx.config.secret, PURPOSE, key.privateKey);
  return { uri: key.uri, privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}
