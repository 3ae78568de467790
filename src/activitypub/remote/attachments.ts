import { integerOf, listOf, objectsOf, own, plainText, textOf, typesOf, urlOf } from '#activitypub/remote/fields.ts';
import { naturalTextOf } from '#activitypub/remote/natural-text.ts';
import type { Attachment, PostKind } from '#domain/posts/post.ts';
import { escapeHtml, sanitizeHtml } from '#lib/html.ts';
import type { JsonObject } from '#lib/json.ts';

const ATTACHMENTS_LIMIT = 16;
const DESCRIPTION_LIMIT = 5_000;
const NAME_LIMIT = 300;
const SIDE = { min: 1, max: 65_535 };

const MEDIA_TYPE = /^(?:image|video|audio)\/[a-z0-9.+-]{1,60}$/i;
const BLURHASH = /^[0-9A-Za-z#$%*+,\-.:;=?@[\]^_{|}~]{6,128}$/;
/** Families of the types that say what they are without a media type. */
const FAMILIES = new Map([
  ['Image', 'image/*'],
  ['Video', 'video/*'],
  ['Audio', 'audio/*'],
]);

/** Images, videos and sounds that a post carries. What else it carries is linked to: `readLinks`. */
export function readAttachments(json: JsonObject): Attachment[] {
  return objectsOf(own(json, 'attachment'), ATTACHMENTS_LIMIT * 2)
    .flatMap((item) => toAttachment(item) ?? [])
    .slice(0, ATTACHMENTS_LIMIT);
}

/**
 * Links and files of other kinds that a post carries, as HTML to stand below its text; '' where there are none, or the text has them. Of
 * Lemmy's posts the link is all there is.
 */
export function readLinks(json: JsonObject, text: string): string {
  const items = objectsOf(own(json, 'attachment'), ATTACHMENTS_LIMIT * 2).filter((item) => !toAttachment(item));
  const links = new Map(
    items.flatMap((item) => toLink(item) ?? []).filter(([href]) => !text.includes(escapeHtml(href))),
  );
  const html = [...links]
    .slice(0, ATTACHMENTS_LIMIT)
    .map(([href, name]) => `<p><a href="${escapeHtml(href)}">${escapeHtml(name)}</a></p>`);
  return html.length === 0 ? '' : sanitizeHtml(html.join(''));
}

/** Where it leads, and what it is called. */
function toLink(item: JsonObject): [[href: string, name: string]] | undefined {
  const href = urlOf(own(item, 'href')) ?? urlOf(own(item, 'url'));
  return href === undefined ? undefined : [[href, plainText(naturalTextOf(item, 'name')?.text, NAME_LIMIT) || href]];
}

/** What a video, sound or image is itself, or the picture above an article. */
export function readMedia(json: JsonObject, kind: PostKind): Attachment[] {
  if (kind === 'video' || kind === 'audio' || kind === 'image') {
    const sources = objectsOf(own(json, 'url')).filter((link) => mediaTypeOf(link)?.startsWith(`${kind}/`));
    const source = sources[0] ? toAttachment(sources[0]) : kind === 'image' ? toAttachment(json) : undefined;
    return source ? [{ ...source, description: plainText(naturalTextOf(json, 'name')?.text, DESCRIPTION_LIMIT) }] : [];
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
    description: plainText((naturalTextOf(item, 'name') ?? naturalTextOf(item, 'summary'))?.text, DESCRIPTION_LIMIT),
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
