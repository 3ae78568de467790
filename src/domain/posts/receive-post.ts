import type { Ctx } from '#context.ts';
import type { Db } from '#db/database.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { listAccountsByUri } from '#domain/accounts/account-store.ts';
import { isRestricted, MENTION_LIMIT, type Post } from '#domain/posts/post.ts';
import { isPostKnown, nextPostId } from '#domain/posts/post-store.ts';
import { type NewPost, storePost } from '#domain/posts/store-post.ts';
import { hasTombstone } from '#domain/posts/tombstone-store.ts';
import { hasLocalFollower } from '#domain/relationships/follow-store.ts';

/** A post of another server, with whom it names still as URIs. */
export interface ReceivedPost extends Omit<NewPost, 'id' | 'accountId' | 'mentionedIds'> {
  /** Accounts named in its text. */
  mentions: readonly string[];
  /** Everybody it is addressed to. */
  addressed: readonly string[];
}

/** What a post has to do with this server. */
export interface Concern {
  mentionedIds: readonly number[];
  /** Somebody here follows its author, is named in it, or can see what it answers. */
  isRelevant: boolean;
  /** It answers a post that is not known here. */
  isParentMissing: boolean;
}

/** Asks what a post has to do with this server. Reads only. */
export async function concernOf(db: Db, author: Account, post: ReceivedPost): Promise<Concern> {
  const mentioned = await listMentioned(db, post);
  const isParentKnown = post.inReplyToUri !== undefined && (await isPostKnown(db, post.inReplyToUri));
  return {
    mentionedIds: mentioned.map((account) => account.id),
    isRelevant: isParentKnown || mentioned.some(isLocal) || (await hasLocalFollower(db, author.id)),
    isParentMissing: post.inReplyToUri !== undefined && !isParentKnown,
  };
}

/**
 * The accounts a post names, as far as they are known. Where being named decides who may read it, the address counts and not the text, which
 * may name somebody without meaning to tell them.
 */
async function listMentioned(db: Db, post: ReceivedPost): Promise<Account[]> {
  const uris = isRestricted(post.visibility) ? post.addressed : post.mentions;
  if (uris.length === 0) return [];
  const accounts = await listAccountsByUri(db, uris.slice(0, MENTION_LIMIT * 2));
  return accounts.filter((account) => account.deletedAt === undefined).slice(0, MENTION_LIMIT);
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
  const id = await nextPostId(tx, post.publishedAt);
  return storePost(tx, author, { ...contents, id, accountId: author.id, mentionedIds });
}
