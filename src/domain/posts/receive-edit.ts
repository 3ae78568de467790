import { isDeepStrictEqual } from 'node:util';
import type { Ctx } from '#context.ts';
import { replaceContents } from '#domain/posts/edit-post.ts';
import { deleteOldEdits, type PostContents } from '#domain/posts/edit-store.ts';
import { listMentionedIds } from '#domain/posts/mention-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import type { ReceivedPost } from '#domain/posts/receive-post.ts';

/** Former texts of one post. Its author may write it anew as often, and at as great a length, as they like. */
const EDITS_KEPT = 20;

/**
 * Rewrites a post of another server as its author did, in a transaction; the former text stays in the history. An edit that is older than
 * what is here, or says nothing new, changes nothing. Its visibility stays: who has read it has read it; so do those it names where it is
 * addressed to nobody, which is how some servers write an edit and nobody means.
 */
export async function receiveEdit(
  tx: Ctx,
  authorId: number,
  edit: ReceivedPost,
  mentionedIds: readonly number[],
): Promise<void> {
  const post = await findPostByUri(tx.db, edit.uri);
  if (!post || post.accountId !== authorId || post.deletedAt !== undefined || !isNews(post, edit)) return;
  const contents: PostContents = {
    title: edit.title,
    html: edit.html,
    source: undefined,
    summary: edit.summary,
    sensitive: edit.sensitive,
    language: edit.language,
    emojis: edit.emojis,
    attachments: edit.attachments,
  };
  const isUnaddressed = edit.visibility === 'direct' && edit.addressed.length === 0;
  await replaceContents(tx, post.id, {
    contents,
    mentionedIds: isUnaddressed ? await listMentionedIds(tx.db, post.id) : mentionedIds,
    hashtags: edit.hashtags,
    editedAt: edit.editedAt ?? tx.now(),
  });
  await deleteOldEdits(tx.db, post.id, EDITS_KEPT);
}

/** Whether an edit says that it was written after what is here. */
export function isLater(edit: Pick<ReceivedPost, 'editedAt'>, post: Post): boolean {
  return edit.editedAt !== undefined && edit.editedAt > (post.editedAt ?? post.publishedAt);
}

function isNews(post: Post, edit: ReceivedPost): boolean {
  if (isLater(edit, post)) return true;
  if (edit.editedAt !== undefined && edit.editedAt !== post.editedAt) return false;
  // Of the second of the last edit, or without a time: the counts of a poll, which are no edit, or a server that does not say when.
  return (
    post.html !== edit.html ||
    post.summary !== edit.summary ||
    post.title !== edit.title ||
    post.sensitive !== edit.sensitive ||
    !isDeepStrictEqual(post.attachments, edit.attachments)
  );
}
