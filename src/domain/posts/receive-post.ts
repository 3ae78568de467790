import type { Ctx } from '#context.ts';
import type { Db } from '#db/database.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { listAccountsByUri } from '#domain/accounts/account-store.ts';
import { findAnswerable, mayAnswer } from '#domain/posts/answer-policy.ts';
import { isRestricted, MENTION_LIMIT, type Post } from '#domain/posts/post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { type NewPost, nextPostId, storePost } from '#domain/posts/store-post.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';

/** A post of another server, with whom it names still as URIs. */
export interface ReceivedPost extends Omit<NewPost, 'id' | 'accountId' | 'mentionedIds' | 'parent'> {
  /** Accounts named in its text. */
  mentions: readonly string[];
  /** Everybody it is addressed to. */
  addressed: readonly string[];
}

/** Whom a post is for, and what it answers. */
export type PostAddress = Pick<ReceivedPost, 'visibility' | 'mentions' | 'addressed' | 'inReplyToUri'>;

/** What a post has to do with this server. */
export interface Concern {
  mentionedIds: readonly number[];
  /** Somebody here follows its author, is named in it or addressed, or can see what it answers. */
  isRelevant: boolean;
  /** It answers a post that is not known here. */
  isParentMissing: boolean;
}

/** Asks what a post has to do with this server. Reads only. */
export async function concernOf(db: Db, author: Account, post: PostAddress): Promise<Concern> {
  const mentioned = await listMentioned(db, post);
  const parent = post.inReplyToUri === undefined ? undefined : await findPostByUri(db, post.inReplyToUri);
  // What the author cannot see counts for nothing: whether an answer is kept must not tell whether it exists.
  const isAnswer = parent !== undefined && (await mayAnswer(db, author, parent));
  return {
    mentionedIds: mentioned.map((account) => account.id),
    isRelevant:
      isAnswer ||
      mentioned.some(isLocal) ||
      (await hasLocalFollower(db, author.id)) ||
      (await isAddressedToLocal(db, post)),
    isParentMissing: post.inReplyToUri !== undefined && !parent,
  };
}

/**
 * The accounts a post names, as far as they are known. Where being named decides who may read it, the address counts and not the text, which
 * may name somebody without meaning to tell them.
 */
async function listMentioned(db: Db, post: PostAddress): Promise<Account[]> {
  const uris = isRestricted(post.visibility) ? post.addressed : post.mentions;
  if (uris.length === 0) return [];
  const accounts = await listAccountsByUri(db, uris.slice(0, MENTION_LIMIT * 2));
  return accounts.filter((account) => account.deletedAt === undefined).slice(0, MENTION_LIMIT);
}

/** Whether it was sent to somebody here whom its text does not name. Of restricted posts those are the ones it names. */
async function isAddressedToLocal(db: Db, post: PostAddress): Promise<boolean> {
  if (isRestricted(post.visibility)) return false;
  const accounts = await listAccountsByUri(db, post.addressed.slice(0, MENTION_LIMIT * 2));
  return accounts.some((account) => isLocal(account) && account.deletedAt === undefined);
}

/** Keeps a post of another server, in a transaction. Undefined when it is here already, or was deleted before it came. */
export async function receivePost(
  tx: Ctx,
  author: Account,
  post: ReceivedPost,
  mentionedIds: readonly number[],
): Promise<Post | undefined> {
  if (await hasTombstone(tx.db, post.uri, author.id)) return undefined;
  const { mentions: _mentions, addressed: _addressed, ...contents } = post;
  const parent = await findAnswerable(tx.db, author, post.inReplyToUri);
  // When it was published is its author's word: an answer that says it came before the question would stand before all others.
  const publishedAt = Math.max(post.publishedAt, parent?.publishedAt ?? 0);
  const id = await nextPostId(tx, publishedAt);
  return storePost(tx, author, { ...contents, publishedAt, parent, id, accountId: author.id, mentionedIds });
}
