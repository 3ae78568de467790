import type { CustomEmoji } from '#domain/accounts/account.ts';

/** Who sees a post: everybody; everybody who looks for it; followers; only those it names. */
export const visibilities = ['public', 'unlisted', 'followers', 'direct'] as const;
export type Visibility = (typeof visibilities)[number];

/** `reblog` shows another post to one's followers; the others are what ActivityStreams calls them. */
export const postKinds = [
  'note',
  'article',
  'page',
  'question',
  'event',
  'video',
  'audio',
  'image',
  'document',
  'reblog',
] as const;
export type PostKind = (typeof postKinds)[number];

export interface Attachment {
  /** Where it is; a remote file is linked, not copied. */
  url: string;
  /** MIME type, or a family such as image/* where the sender does not say more. */
  mediaType: string;
  description: string;
  width?: number;
  height?: number;
  blurhash?: string;
}

export interface Post {
  id: number;
  accountId: number;
  kind: PostKind;
  /** ActivityPub id of the object; of a reblog, of the Announce activity. */
  uri: string;
  /** Page for people. */
  url: string;
  visibility: Visibility;
  /** Articles and pages have one. */
  title: string;
  /** Sanitised. */
  html: string;
  /** As written here; undefined for remote posts. */
  source: string | undefined;
  /** Content warning. */
  summary: string;
  sensitive: boolean;
  /** BCP 47. */
  language: string | undefined;
  emojis: readonly CustomEmoji[];
  attachments: readonly Attachment[];
  /** Id of the thread's first post, as far as it is known here; undefined for reblogs. */
  threadId: number | undefined;
  inReplyToUri: string | undefined;
  /** Undefined also while the post answered to is not known here. */
  inReplyToId: number | undefined;
  inReplyToAccountId: number | undefined;
  reblogOfId: number | undefined;
  repliesCount: number;
  reblogsCount: number;
  favouritesCount: number;
  publishedAt: number;
  editedAt: number | undefined;
  deletedAt: number | undefined;
  /** Changes whenever anything shown of the post does. */
  version: number;
}

/** A post that shows another one to the followers of its account. */
export type ReblogPost = Post & { reblogOfId: number };

export function isReblog(post: Post): post is ReblogPost {
  return post.reblogOfId !== undefined;
}

/** Characters of a post and its warning together, counted as people count them. */
export const POST_LIMIT = 5_000;
/** How many accounts one post may name. */
export const MENTION_LIMIT = 50;
export const HASHTAG_LIMIT = 50;

/** Whether whoever sees posts of this visibility is decided by following or being named. */
export function isRestricted(visibility: Visibility): boolean {
  return visibility === 'followers' || visibility === 'direct';
}

/** The narrower of two visibilities. */
export function narrower(one: Visibility, other: Visibility): Visibility {
  return visibilities[Math.max(visibilities.indexOf(one), visibilities.indexOf(other))]!;
}
