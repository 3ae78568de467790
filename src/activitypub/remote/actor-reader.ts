import { parseMultikey, parsePublicKeyPem } from '#activitypub/signature/key.ts';
import {
  httpUrl,
  idOf,
  idsOf,
  objectsOf,
  own,
  pageOf,
  plainText,
  soleIdOf,
  textOf,
  typesOf,
  urlOf,
} from '#activitypub/remote/fields.ts';
import { readEmojis } from '#activitypub/remote/tags.ts';
import type { AccountKind, ProfileField } from '#domain/accounts/account.ts';
import type { AccountProfile } from '#domain/accounts/account-store.ts';
import type { KeyAlgorithm } from '#domain/accounts/key-store.ts';
import { isSameOrigin, normalizeHost } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';
import { sanitizeHtml } from '#lib/html.ts';

export interface ActorKey {
  /** As `URL.href`, the form in which signatures are read. */
  uri: string;
  algorithm: KeyAlgorithm;
  /** SPKI, PEM. */
  publicKey: string;
}

/** What an actor's own document says of it. */
export interface ActorDocument {
  /** Its `host` is that of the id: whether the handle has another one is asked by WebFinger. */
  profile: AccountProfile;
  keys: ActorKey[];
  /** A handle the actor claims (FEP-2c59), for WebFinger to confirm. */
  claimedHandle: string | undefined;
}

const KINDS = new Map<string, AccountKind>([
  ['Person', 'person'],
  ['Service', 'service'],
  ['Group', 'group'],
  ['Organization', 'organization'],
  ['Application', 'application'],
]);

const NAME_LIMIT = 200;
const SUMMARY_LIMIT = 20_000;
const FIELDS_LIMIT = 16;
const FIELD_NAME_LIMIT = 255;
const FIELD_HTML_LIMIT = 4_000;
const ALIASES_LIMIT = 20;
const KEYS_LIMIT = 8;

/** As in handles: what WebFinger and we can look up. */
const USERNAME = /^[a-z0-9_](?:[a-z0-9_.-]{0,98}[a-z0-9_])?$/i;

/** What kind of actor it is; undefined where its first known type is not one of an actor. */
export function actorKindOf(json: JsonObject): AccountKind | undefined {
  const [first] = typesOf(json);
  return first === undefined ? undefined : KINDS.get(first);
}

/** Reads an actor. Undefined for what is none, or cannot be spoken with: without a usable id, name or inbox. */
export function readActor(json: JsonObject): ActorDocument | undefined {
  const kind = actorKindOf(json);
  const uri = httpUrl(own(json, 'id'));
  const username = textOf(own(json, 'preferredUsername'))?.trim();
  const inbox = urlOf(own(json, 'inbox'));
  if (kind === undefined || uri === undefined || username === undefined || inbox === undefined) return undefined;
  const host = normalizeHost(new URL(uri).host);
  if (host === undefined || !USERNAME.test(username)) return undefined;
  // Only the actor's own server speaks for what belongs to it.
  const ownUrl = (name: string) => {
    const url = idOf(own(json, name));
    return url !== undefined && isSameOrigin(url, uri) ? url : undefined;
  };
  const sharedInbox = urlOf(objectsOf(own(json, 'endpoints'))[0]?.['sharedInbox']);
  return {
    profile: {
      kind,
      username,
      host,
      uri,
      url: pageOf(json) ?? uri,
      displayName: plainText(own(json, 'name'), NAME_LIMIT),
      summaryHtml: sanitizeHtml(textOf(own(json, 'summary')) ?? '', { maxLength: SUMMARY_LIMIT }),
      avatarUrl: urlOf(own(json, 'icon')),
      headerUrl: urlOf(own(json, 'image')),
      fields: readProfileFields(json),
      emojis: readEmojis(own(json, 'tag')),
      alsoKnownAs: idsOf(own(json, 'alsoKnownAs'), ALIASES_LIMIT),
      locked: own(json, 'manuallyApprovesFollowers') === true,
      discoverable: own(json, 'discoverable') !== false,
      indexable: own(json, 'indexable') === true,
      // May be of another origin (ADR 18): the sender sees to it that nobody else is hurt by that.
      inbox,
      // What is for all its followers goes to the server of the actor, not to one it names.
      sharedInbox: sharedInbox !== undefined && isSameOrigin(sharedInbox, uri) ? sharedInbox : undefined,
      outbox: ownUrl('outbox'),
      followersUri: ownUrl('followers'),
      followingUri: ownUrl('following'),
      featuredUri: ownUrl('featured'),
    },
    keys: readKeys(json, uri),
    claimedHandle: textOf(own(json, 'webfinger')),
  };
}

function readProfileFields(json: JsonObject): ProfileField[] {
  return objectsOf(own(json, 'attachment'))
    .filter((item) => typesOf(item).some((type) => type === 'PropertyValue' || type.endsWith('#PropertyValue')))
    .slice(0, FIELDS_LIMIT)
    .map((item) => ({
      name: plainText(own(item, 'name'), FIELD_NAME_LIMIT),
      html: sanitizeHtml(textOf(own(item, 'value')) ?? '', { maxLength: FIELD_HTML_LIMIT }),
    }));
}

/** Keys for HTTP signatures (`publicKey`) and Multikeys (FEP-521a), each of the actor's own origin and belonging to nobody else. */
function readKeys(json: JsonObject, actorUri: string): ActorKey[] {
  const keys: ActorKey[] = [];
  for (const item of objectsOf(own(json, 'publicKey'), KEYS_LIMIT)) {
    const pem = textOf(own(item, 'publicKeyPem'));
    const key = pem === undefined ? undefined : parsePublicKeyPem(pem);
    addKey(keys, item, { owner: own(item, 'owner'), key, actorUri });
  }
  for (const item of objectsOf(own(json, 'assertionMethod'), KEYS_LIMIT)) {
    const multibase = textOf(own(item, 'publicKeyMultibase'));
    const key = multibase === undefined ? undefined : parseMultikey(multibase);
    addKey(keys, item, { owner: own(item, 'controller'), key, actorUri });
  }
  return keys;
}

function addKey(
  keys: ActorKey[],
  item: JsonObject,
  { owner, key, actorUri }: { owner: unknown; key: ReturnType<typeof parsePublicKeyPem>; actorUri: string },
): void {
  const id = httpUrl(own(item, 'id'));
  if (id === undefined || key === undefined || !isSameOrigin(id, actorUri)) return;
  if (owner !== undefined && soleIdOf(owner) !== actorUri) return;
  const uri = new URL(id).href;
  if (keys.some((other) => other.uri === uri)) return;
  const algorithm = key.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'rsa';
  keys.push({ uri, algorithm, publicKey: key.export({ type: 'spki', format: 'pem' }).toString() });
}
