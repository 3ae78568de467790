import { integerOf, listOf, objectsOf, own, plainText, textOf, typesOf, urlOf } from '#activitypub/remote/fields.ts';
import type { Attachment, PostKind } from '#domain/posts/post.ts';
import type { JsonObject } from '#lib/json.ts';

const ATTACHMENTS_LIMIT = 16;
const DESCRIPTION_LIMIT = 5_000;
const SIDE = { min: 1, max: 65_535 };

const MEDIA_TYPE = /^(?:image|video|audio)\/[a-z0-9.+-]{1,60}$/i;
const BLURHASH = /^[0-9A-Za-z#$%*+,\-.:;=?@[\]^_{|}~]{6,128}$/;
/** Families of the types that say what they are without a media type. */
const FAMILIES = new Map([
  ['Image', 'image/*'],
  ['Video', 'video/*'],
  ['Audio', 'audio/*'],
]);

/** Images, videos and sounds that a post carries. Links and other files stay in its text, if it names them. */
export function readAttachments(json: JsonObject): Attachment[] {
  return objectsOf(own(json, 'attachment'), ATTACHMENTS_LIMIT * 2)
    .flatMap((item) => toAttachment(item) ?? [])
    .slice(0, ATTACHMENTS_LIMIT);
}

/** What a video, sound or image is itself, or the picture above an article. */
export function readMedia(json: JsonObject, kind: PostKind): Attachment[] {
  if (kind === 'video' || kind === 'audio' || kind === 'image') {
    const sources = objectsOf(own(json, 'url')).filter((link) => mediaTypeOf(link)?.startsWith(`${kind}/`));
    const source = sources[0] ? toAttachment(sources[0]) : kind === 'image' ? toAttachment(json) : undefined;
    return source ? [{ ...source, description: plainText(own(json, 'name'), DESCRIPTION_LIMIT) }] : [];
  }
  return objectsOf(own(json, 'image'), 1).flatMap((item) => toAttachment(item) ?? []);
}

function toAttachment(item: JsonObject): Attachment | undefined {
  const url = urlOf(own(item, 'href')) ?? urlOf(own(item, 'url'));
  const mediaType = mediaTypeOf(item);
  if (url === undefined || mediaType === undefined) return undefined;
  const width = integerOf(own(item, 'width'), SIDE);
  const height = integerOf(own(item, 'height'), SIDE);
  const blurhash = textOf(own(item, 'blurhash'));
  return {
    url,
    mediaType,
    description: plainText(own(item, 'name') ?? own(item, 'summary'), DESCRIPTION_LIMIT),
    ...(width !== undefined && height !== undefined && { width, height }),
    ...(blurhash !== undefined && BLURHASH.test(blurhash) && { blurhash }),
  };
}

function mediaTypeOf(item: JsonObject): string | undefined {
  const given = textOf(own(item, 'mediaType')) ?? textOf(objectsOf(own(item, 'url'))[0]?.['mediaType']);
  if (given !== undefined) return MEDIA_TYPE.test(given) ? given.toLowerCase() : undefined;
  return listOf(typesOf(item))
    .map((type) => FAMILIES.get(String(type)))
    .find((family) => family !== undefined);
}
