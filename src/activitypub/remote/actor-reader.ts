import { parseMultikey, parsePublicKeyPem } from '#activitypub/signature/key.ts';
import {
  httpUrl,
  addressOf,
  fitting,
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
import { actorKindOf } from '#activitypub/remote/kinds.ts';
import { naturalTextOf } from '#activitypub/remote/natural-text.ts';
import { readEmojis, usedEmojis } from '#activitypub/remote/tags.ts';
import type { ProfileField } from '#domain/accounts/account.ts';
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

const NAME_LIMIT = 200;
const FIELDS_LIMIT = 16;
const FIELD_NAME_LIMIT = 255;
const FIELD_HTML_LIMIT = 4_000;
const ALIASES_LIMIT = 20;
/**
 * Bytes that the parts of a profile may have, about 32 KiB with its addresses: a page shows those of dozens of people. A summary is cut, of
 * the rest is kept what there is room for.
 */
const ROOM = { summary: 12 * 1024, fields: 8 * 1024, emojis: 4 * 1024, aliases: 2 * 1024 };
const KEYS_LIMIT = 8;

/** As in handles: what WebFinger and we can look up. */
const USERNAME = /^[a-z0-9_](?:[a-z0-9_.-]{0,98}[a-z0-9_])?$/i;

/** Reads an actor. Undefined for what is none, or cannot be spoken with: without a usable id, name or inbox. */
export function readActor(json: JsonObject): ActorDocument | undefined {
  const kind = actorKindOf(json);
  const uri = httpUrl(own(json, 'id'));
  const username = textOf(own(json, 'preferredUsername'))?.trim();
  const inbox = addressOf(own(json, 'inbox'));
  if (kind === undefined || uri === undefined || username === undefined || inbox === undefined) return undefined;
  const host = normalizeHost(new URL(uri).host);
  if (host === undefined || !USERNAME.test(username)) return undefined;
  // Only the actor's own server speaks for what belongs to it.
  const ownUrl = (name: string) => {
    const url = idOf(own(json, name));
    return url !== undefined && isSameOrigin(url, uri) ? url : undefined;
  };
  const sharedInbox = addressOf(objectsOf(own(json, 'endpoints'))[0]?.['sharedInbox']);
  const displayName = plainText(naturalTextOf(json, 'name')?.text, NAME_LIMIT);
  const summaryHtml = shortHtml(naturalTextOf(json, 'summary')?.text ?? '', ROOM.summary);
  const fields = readProfileFields(json);
  const texts = [displayName, summaryHtml, ...fields.flatMap(({ name, html }) => [name, html])];
  return {
    profile: {
      kind,
      username,
      host,
      uri,
      url: pageOf(json) ?? uri,
      displayName,
      summaryHtml,
      avatarUrl: urlOf(own(json, 'icon')),
      headerUrl: urlOf(own(json, 'image')),
      fields,
      emojis: fitting(usedEmojis(readEmojis(own(json, 'tag')), texts), ROOM.emojis),
      alsoKnownAs: fitting(idsOf(own(json, 'alsoKnownAs'), ALIASES_LIMIT), ROOM.aliases),
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
  const fields = objectsOf(own(json, 'attachment'))
    .filter((item) => typesOf(item).some((type) => type === 'PropertyValue' || type.endsWith('#PropertyValue')))
    .slice(0, FIELDS_LIMIT)
    .map((item) => ({
      name: plainText(naturalTextOf(item, 'name')?.text, FIELD_NAME_LIMIT),
      html: sanitizeHtml(textOf(own(item, 'value')) ?? '', { maxLength: FIELD_HTML_LIMIT }),
    }));
  return fitting(fields, ROOM.fields);
}

/** Sanitised, and of `bytes` at most: cut where it is longer. */
function shortHtml(html: string, bytes: number): string {
  const whole = sanitizeHtml(html, { maxLength: bytes });
  const size = Buffer.byteLength(whole);
  // Of letters that take several bytes each there is room for fewer.
  return size <= bytes ? whole : sanitizeHtml(html, { maxLength: Math.floor((whole.length * bytes) / size) - 1 });
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
