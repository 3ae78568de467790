import type { JsonObject } from '#lib/json.ts';

export const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';
const ACTIVITY_STREAMS = 'https://www.w3.org/ns/activitystreams';

/**
 * The terms of posts and activities that ActivityStreams itself lacks, defined as Mastodon defines them. Inline and small: whoever reads
 * JSON-LD needs to fetch nothing, whoever reads plain JSON passes over it.
 */
export const POST_CONTEXT = [
  ACTIVITY_STREAMS,
  {
    sensitive: 'as:sensitive',
    Hashtag: 'as:Hashtag',
    toot: 'http://joinmastodon.org/ns#',
    Emoji: 'toot:Emoji',
    blurhash: 'toot:blurhash',
    featured: { '@id': 'toot:featured', '@type': '@id' },
  },
] as const;

/** Of actors. The keys need contexts of their own: RSA that of the security vocabulary, Ed25519 that of Multikey (FEP-521a). */
export const ACTOR_CONTEXT = [
  ACTIVITY_STREAMS,
  'https://w3id.org/security/v1',
  'https://w3id.org/security/multikey/v1',
  {
    assertionMethod: { '@id': 'https://w3id.org/security#assertionMethod', '@type': '@id', '@container': '@set' },
    manuallyApprovesFollowers: 'as:manuallyApprovesFollowers',
    alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id' },
    toot: 'http://joinmastodon.org/ns#',
    Emoji: 'toot:Emoji',
    featured: { '@id': 'toot:featured', '@type': '@id' },
    discoverable: 'toot:discoverable',
    indexable: 'toot:indexable',
    schema: 'http://schema.org#',
    PropertyValue: 'schema:PropertyValue',
    value: 'schema:value',
    webfinger: { '@id': 'https://purl.archive.org/socialweb/webfinger#webfinger' },
  },
] as const;

export function withContext(context: readonly unknown[], json: JsonObject): JsonObject {
  return { '@context': context, ...json };
}

/** Moments as ActivityStreams writes them. Whole seconds, as everybody: Mastodon and others compare them as such. */
export function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
