import { httpUrl, listOf, objectsOf, own, textOf, typesOf, urlOf } from '#activitypub/remote/fields.ts';
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
    const [type] = typesOf(tag);
    if (type === 'Mention') addOnce(tags.mentions, httpUrl(own(tag, 'href')), MENTION_LIMIT);
    else if (type === 'Hashtag') addOnce(tags.hashtags, hashtagOf(own(tag, 'name')), HASHTAG_LIMIT);
    else if (type === 'Emoji' && tags.emojis.length < EMOJI_LIMIT) tags.emojis.push(...emojiOf(tag));
  }
  return tags;
}

export function readEmojis(value: unknown): CustomEmoji[] {
  return objectsOf(value)
    .filter((tag) => typesOf(tag)[0] === 'Emoji')
    .slice(0, EMOJI_LIMIT)
    .flatMap(emojiOf);
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
  const shortcode = SHORTCODE.exec(textOf(own(tag, 'name')) ?? '')?.[1];
  const url = urlOf(own(tag, 'icon'));
  return shortcode === undefined || url === undefined ? [] : [{ shortcode, url }];
}
