import type { Ctx } from '#context.ts';
import { replaceContents } from '#domain/posts/edit-post.ts';
import type { Post } from '#domain/posts/post.ts';
import { findPostByUri, type PostContents } from '#domain/posts/post-store.ts';
import type { ReceivedPost } from '#domain/posts/receive-post.ts';

/**
 * Rewrites a post of another server as its author did, in a transaction; the former text stays in the history. An edit that is older than
 * what is here, or says nothing new, changes nothing. Its visibility stays: who has read it has read it.
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
  await replaceContents(tx, post.id, {
    contents,
    mentionedIds,
    hashtags: edit.hashtags,
    editedAt: edit.editedAt ?? tx.now(),
  });
}

function isNews(post: Post, edit: ReceivedPost): boolean {
  if (edit.editedAt !== undefined) return edit.editedAt > (post.editedAt ?? post.publishedAt);
  // Without a time: the counts of a poll, which are no edit, or a server that does not say when.
  return post.html !== edit.html || post.summary !== edit.summary || post.title !== edit.title;
}
