import { type SignedHeaders, signCavage } from '#activitypub/signature/sign.ts';
import type { Ctx } from '#context.ts';
import { ensureInstanceActor } from '#domain/accounts/instance-actor.ts';
import { getSigningKey, type SigningKey } from '#domain/accounts/keys.ts';

/** Signs what this server fetches, in its own name: many servers want to know who reads. @param context asked late, and the key read once */
export function createGetSigner(context: () => Ctx): (url: URL) => Promise<SignedHeaders> {
  let key: Promise<SigningKey> | undefined;
  const readKey = async () => {
    const ctx = context();
    return getSigningKey(ctx, (await ensureInstanceActor(ctx)).id, 'rsa');
  };
  return async (url) => {
    key ??= readKey().catch((error: unknown) => {
      key = undefined;
      throw error;
    });
    const { uri, privateKey } = await key;
    return signCavage({ method: 'GET', url, keyId: uri, privateKey, now: context().now() });
  };
}
