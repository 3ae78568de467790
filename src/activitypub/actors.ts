import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Federation, RequestContext } from '@fedify/fedify';
import {
  type Actor,
  Application,
  Endpoints,
  Group,
  Image,
  Link,
  Organization,
  Person,
  Service,
  Tombstone,
} from '@fedify/vocab';
import { hasUndelivered } from '#activitypub/delivery-store.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import { toActor, toActorTombstone } from '#activitypub/objects/actor.ts';
import { presented } from '#activitypub/presented.ts';
import type { Ctx } from '#context.ts';
import { type Account, type AccountKind, isLocal } from '#domain/accounts/account.ts';
import { findAccount, findAccountByHandle } from '#domain/accounts/account-store.ts';
import { type AccountKey, listKeys } from '#domain/accounts/key-store.ts';
import { getSigningKey } from '#domain/accounts/keys.ts';
import { parseId } from '#lib/id.ts';

const classes: Readonly<Record<AccountKind, typeof Person>> = {
  person: Person,
  // Built alike: their constructors take the same values.
  service: Service as unknown as typeof Person,
  group: Group as unknown as typeof Person,
  organization: Organization as unknown as typeof Person,
  application: Application as unknown as typeof Person,
};

/** Registers the actors: their documents, keys, and the names under which WebFinger finds them. */
export function dispatchActors(federation: Federation<FederationData>): void {
  federation
    .setActorDispatcher('/users/{identifier}', async (fedify, identifier) => {
      const { ctx } = fedify.data;
      const account = await findLocalAccount(ctx, identifier);
      if (!account) return null;
      // Servers read the key again to believe the farewell: it stays until the last of them has heard it, and nothing else does.
      if (account.deletedAt !== undefined && (await hasUndelivered(ctx.db, account.id)))
        return present(fedify, withoutProfile(account), await listKeys(ctx.db, account.id));
      if (account.deletedAt !== undefined)
        return presented(Tombstone, toActorTombstone(account), { id: new URL(account.uri) });
      return present(fedify, account, await listKeys(ctx.db, account.id));
    })
    .setKeyPairsDispatcher(async ({ data: { ctx } }, identifier) => {
      const account = await findLocalAccount(ctx, identifier);
      if (!account || account.deletedAt !== undefined) return [];
      return Promise.all((['rsa', 'ed25519'] as const).map((algorithm) => toCryptoKeyPair(ctx, account.id, algorithm)));
    })
    .mapHandle(async ({ data: { ctx } }, username) => {
      const account = await findAccountByHandle(ctx.db, username, '');
      return account ? String(account.id) : null;
    });
}

/** An account that says nothing of itself any more. */
function withoutProfile(account: Account): Account {
  const texts = { displayName: '', summaryHtml: '', summarySource: '', fields: [], emojis: [], alsoKnownAs: [] };
  const pictures = { avatarUrl: undefined, headerUrl: undefined };
  return { ...account, ...texts, ...pictures, discoverable: false, indexable: false };
}

/** Deleted accounts too. */
export async function findLocalAccount(ctx: Ctx, identifier: string): Promise<Account | undefined> {
  const id = parseId(identifier);
  const account = id === undefined ? undefined : await findAccount(ctx.db, id);
  return account && isLocal(account) ? account : undefined;
}

function present(fedify: RequestContext<FederationData>, account: Account, keys: readonly AccountKey[]): Actor {
  const keyId = (algorithm: AccountKey['algorithm']) => keys.find((key) => key.algorithm === algorithm)?.uri;
  const [rsa, ed25519] = [keyId('rsa'), keyId('ed25519')];
  const identifier = String(account.id);
  const { avatarUrl } = account;
  return presented(classes[account.kind], toActor(account, keys, fedify.data.ctx.config.host), {
    id: fedify.getActorUri(identifier),
    preferredUsername: account.username,
    url: new Link({
      href: new URL(account.url),
      rel: 'http://webfinger.net/rel/profile-page',
      mediaType: 'text/html',
    }),
    inbox: fedify.getInboxUri(identifier),
    outbox: fedify.getOutboxUri(identifier),
    followers: fedify.getFollowersUri(identifier),
    following: fedify.getFollowingUri(identifier),
    featured: fedify.getFeaturedUri(identifier),
    liked: fedify.getLikedUri(identifier),
    endpoints: new Endpoints({ sharedInbox: fedify.getInboxUri() }),
    ...(rsa !== undefined && { publicKey: new URL(rsa) }),
    ...(ed25519 !== undefined && { assertionMethod: new URL(ed25519) }),
    ...(avatarUrl !== undefined && { icon: new Image({ url: new URL(avatarUrl) }) }),
  });
}

async function toCryptoKeyPair(ctx: Ctx, accountId: number, algorithm: 'rsa' | 'ed25519') {
  const { privateKey } = await getSigningKey(ctx, accountId, algorithm);
  const parameters = algorithm === 'rsa' ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { name: 'Ed25519' };
  const exportable = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return {
    privateKey: exportable.toCryptoKey(parameters, true, ['sign']),
    publicKey: createPublicKey(exportable).toCryptoKey(parameters, true, ['verify']),
  };
}
