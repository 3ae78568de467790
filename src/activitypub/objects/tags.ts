import type { CustomEmoji } from '#domain/accounts/account.ts';
import type { JsonObject } from '#lib/json.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
};

/** An image, with its type where the name says it: Pixelfed and others show none without. */
export function toImage(url: string): JsonObject {
  const extension = /\.([a-z0-9]+)$/i.exec(URL.parse(url)?.pathname ?? '')?.[1]?.toLowerCase();
  const mediaType = extension === undefined ? undefined : mediaTypes[extension];
  return { type: 'Image', ...(mediaType !== undefined && { mediaType }), url };
}

/** Without ids: there is nothing to be had there, and Fedify would fetch one of another origin instead of believing what is embedded. */
export function toEmojiTags(emojis: readonly CustomEmoji[]): JsonObject[] {
  return emojis.map(({ shortcode, url }) => ({ type: 'Emoji', name: `:${shortcode}:`, icon: toImage(url) }));
}
