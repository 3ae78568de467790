import { POST_CONTEXT, PUBLIC, toTime, withContext } from '#activitypub/objects/context.ts';
import { toEmojiTags } from '#activitypub/objects/tags.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { NamedAccount } from '#domain/accounts/account-store.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import type { Attachment, Post, Visibility } from '#domain/posts/post.ts';
import { localUrls } from '#domain/urls.ts';
import type { JsonObject } from '#lib/json.ts';

/** Who is named as audience. There is no bto or bcc: whoever gets a post is named in it, or follows. */
export interface Addressing {
  to: string[];
  cc: string[];
}

/** Mastodon reads the visibility from where the public and the followers stand. */
export function addressingOf(
  visibility: Visibility,
  author: Pick<Account, 'followersUri'>,
  mentioned: readonly string[],
): Addressing {
  const followers = author.followersUri === undefined ? [] : [author.followersUri];
  switch (visibility) {
    case 'public':
      return { to: [PUBLIC], cc: [...followers, ...mentioned] };
    case 'unlisted':
      return { to: followers, cc: [PUBLIC, ...mentioned] };
    case 'followers':
      return { to: followers, cc: [...mentioned] };
    case 'direct':
      return { to: [...mentioned], cc: [] };
  }
}

/** A local post as Note, without context. `origin` is this server's. */
export function toNote(view: PostView, origin: string): JsonObject {
  const { post, account } = view;
  const tag = [...toMentions(view.mentions, origin), ...toHashtags(view, origin), ...toEmojiTags(post.emojis)];
  return {
    id: post.uri,
    type: 'Note',
    attributedTo: account.uri,
    ...addressingOf(post.visibility, account, urisOf(view.mentions)),
    published: toTime(post.publishedAt),
    ...(post.editedAt !== undefined && { updated: toTime(post.editedAt) }),
    url: post.url,
    ...(post.inReplyToUri !== undefined && { inReplyTo: post.inReplyToUri }),
    ...(post.title !== '' && { name: post.title }),
    // The content warning, as Mastodon has it.
    ...(post.summary !== '' && { summary: post.summary }),
    sensitive: post.sensitive || post.summary !== '',
    content: post.html,
    ...(post.language !== undefined && { contentMap: { [post.language]: post.html } }),
    ...(post.source !== undefined && { source: { content: post.source, mediaType: 'text/markdown' } }),
    ...(post.attachments.length > 0 && { attachment: post.attachments.map(toAttachment) }),
    ...(tag.length > 0 && { tag }),
  };
}

/** What is left of a deleted post, without context. */
export function toTombstone(post: Pick<Post, 'uri' | 'deletedAt'>): JsonObject {
  return { id: post.uri, type: 'Tombstone', ...(post.deletedAt !== undefined && { deleted: toTime(post.deletedAt) }) };
}

/** As its own document. */
export function toPostDocument(json: JsonObject): JsonObject {
  return withContext(POST_CONTEXT, json);
}

export function urisOf(accounts: readonly NamedAccount[]): string[] {
  return accounts.map((account) => account.uri);
}

function toMentions(mentions: readonly NamedAccount[], origin: string): JsonObject[] {
  return mentions.map((account) => ({
    type: 'Mention',
    href: account.uri,
    name: `@${account.username}@${account.host || new URL(origin).host}`,
  }));
}

function toHashtags(view: PostView, origin: string): JsonObject[] {
  const { hashtagPage } = localUrls({ origin });
  return view.hashtags.map((tag) => ({ type: 'Hashtag', href: hashtagPage(tag.name), name: `#${tag.display}` }));
}

function toAttachment(attachment: Attachment): JsonObject {
  const { url, mediaType, description, width, height, blurhash } = attachment;
  return {
    type: 'Document',
    mediaType,
    url,
    ...(description !== '' && { name: description }),
    ...(width !== undefined && height !== undefined && { width, height }),
    ...(blurhash !== undefined && { blurhash }),
  };
}
