import { listOf, objectsOf, own, textOf, typesOf, urlOf } from '#activitypub/remote/fields.ts';
import { naturalTextOf } from '#activitypub/remote/natural-text.ts';
import type { CustomEmoji } from '#domain/accounts/account.ts';
import { HASHTAG_LIMIT, MENTION_LIMIT } from '#domain/posts/post.ts';
import { isJsonObject } from '#lib/json.ts';

/** What a post names, of its `tag`. */
export interface Tags {
  /** Ids of actors. */
  mentions: string[];
  /** As written, without #. */
  hashtags: string[];
  emojis: CustomEmoji[];
}

const EMOJI_LIMIT = 64;
const HASHTAG_LENGTH = 100;
const SHORTCODE = /^:?([a-zA-Z0-9_+-]{1,100}):?$/;
const HASHTAG = /^(?:[\p{L}\p{M}\p{N}\p{Pc}·\u30fb]|\p{Join_Control})+$/u;

export function readTags(value: unknown): Tags {
  const tags: Tags = { mentions: [], hashtags: [], emojis: [] };
  for (const tag of listOf(value)) {
    if (!isJsonObject(tag)) continue;
    const types = typesOf(tag);
    if (types.includes('Mention')) addOnce(tags.mentions, urlOf(own(tag, 'href')), MENTION_LIMIT);
    else if (types.includes('Hashtag'))
      addOnce(tags.hashtags, hashtagOf(naturalTextOf(tag, 'name')?.text), HASHTAG_LIMIT);
    else if (types.includes('Emoji') && tags.emojis.length < EMOJI_LIMIT) tags.emojis.push(...emojiOf(tag));
  }
  return tags;
}

export function readEmojis(value: unknown): CustomEmoji[] {
  return objectsOf(value)
    .filter((tag) => typesOf(tag).includes('Emoji'))
    .slice(0, EMOJI_LIMIT)
    .flatMap(emojiOf);
}

/** Those that one of `texts` shows: of a server's hundreds, what is kept and sent with each text. */
export function usedEmojis(emojis: readonly CustomEmoji[], texts: readonly string[]): CustomEmoji[] {
  if (emojis.length === 0) return [];
  const named = new Set(texts.flatMap((text) => text.match(/:[a-zA-Z0-9_+-]+(?=:)/g) ?? []));
  return emojis.filter(({ shortcode }) => named.has(`:${shortcode}`));
}

function addOnce(values: string[], value: string | undefined, limit: number): void {
  if (value !== undefined && values.length < limit && !values.includes(value)) values.push(value);
}

function hashtagOf(value: unknown): string | undefined {
  const name = textOf(value)
    ?.trim()
    .replace(/^[#＃]/u, '');
  return name !== undefined && name.length <= HASHTAG_LENGTH && HASHTAG.test(name) ? name : undefined;
}

function emojiOf(tag: Record<string, unknown>): CustomEmoji[] {
  const shortcode = SHORTCODE.exec(naturalTextOf(tag, 'name')?.text ?? '')?.[1];
  const url = urlOf(own(tag, 'icon'));
  return shortcode === undefined || url === undefined ? [] : [{ shortcode, url }];
}
