import { createPublicKey } from 'node:crypto';
import { ACTOR_CONTEXT, toTime, withContext } from '#activitypub/objects/context.ts';
import { toEmojiTags, toImage } from '#activitypub/objects/tags.ts';
import type { Account, AccountKind } from '#domain/accounts/account.ts';
import type { AccountKey } from '#domain/accounts/key-store.ts';
import { encodeBase58 } from '#lib/base58.ts';
import type { JsonObject } from '#lib/json.ts';

const types: Readonly<Record<AccountKind, string>> = {
  person: 'Person',
  service: 'Service',
  group: 'Group',
  organization: 'Organization',
  application: 'Application',
};

/** An account as an ActivityPub actor, its context included. `host` is this server's, as it stands in handles. */
export function toActor(account: Account, keys: readonly AccountKey[], host: string): JsonObject {
  const { uri, fields, alsoKnownAs } = account;
  const tag = toEmojiTags(account.emojis);
  return withContext(ACTOR_CONTEXT, {
    id: uri,
    type: types[account.kind],
    preferredUsername: account.username,
    name: account.displayName || account.username,
    summary: account.summaryHtml,
    url: account.url,
    // FEP-2c59: the handle without a WebFinger request, which whoever reads it checks.
    webfinger: `${account.username}@${host}`,
    inbox: account.inbox,
    outbox: account.outbox,
    followers: account.followersUri,
    following: account.followingUri,
    featured: account.featuredUri,
    liked: `${uri}/liked`,
    endpoints: { sharedInbox: account.sharedInbox },
    manuallyApprovesFollowers: account.locked,
    discoverable: account.discoverable,
    indexable: account.indexable,
    published: toTime(account.createdAt),
    ...toKeys(uri, keys),
    ...(account.avatarUrl !== undefined && { icon: toImage(account.avatarUrl) }),
    ...(account.headerUrl !== undefined && { image: toImage(account.headerUrl) }),
    ...(fields.length > 0 && {
      attachment: fields.map((field) => ({ type: 'PropertyValue', name: field.name, value: field.html })),
    }),
    ...(alsoKnownAs.length > 0 && { alsoKnownAs }),
    ...(tag.length > 0 && { tag }),
  });
}

/** What is left of a deleted account. */
export function toActorTombstone(account: Account): JsonObject {
  return withContext(ACTOR_CONTEXT, {
    id: account.uri,
    type: 'Tombstone',
    formerType: types[account.kind],
    ...(account.deletedAt !== undefined && { deleted: toTime(account.deletedAt) }),
  });
}

/**
 * RSA alone in `publicKey`, and as one object: Mastodon and Misskey of old stumble over a list. Ed25519, for integrity proofs, only as a
 * Multikey (FEP-521a).
 */
function toKeys(owner: string, keys: readonly AccountKey[]): JsonObject {
  const rsa = keys.find((key) => key.algorithm === 'rsa');
  const ed25519 = keys.filter((key) => key.algorithm === 'ed25519');
  return {
    ...(rsa && { publicKey: toKey(owner, rsa) }),
    ...(ed25519.length > 0 && { assertionMethod: ed25519.map((key) => toKey(owner, key)) }),
  };
}

/** A public key of `owner`, an actor's id. */
export function toKey(owner: string, { uri, algorithm, publicKey }: AccountKey): JsonObject {
  return algorithm === 'rsa'
    ? { id: uri, type: 'CryptographicKey', owner, publicKeyPem: publicKey }
    : { id: uri, type: 'Multikey', controller: owner, publicKeyMultibase: toMultibase(publicKey) };
}

const ED25519_MULTICODEC = Buffer.from([0xed, 0x01]);

function toMultibase(pem: string): string {
  const { x = '' } = createPublicKey(pem).export({ format: 'jwk' });
  return `z${encodeBase58(Buffer.concat([ED25519_MULTICODEC, Buffer.from(x, 'base64url')]))}`;
}
