import { type Ctx, inTransaction } from '#context.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { checkAll, NotAllowed, NotFound } from '#domain/errors.ts';
import { notifyAll } from '#domain/notifications/notify.ts';
import { type PostContents, updateContents } from '#domain/posts/edit-store.ts';
import { type Draft, readLanguage, renderDraft } from '#domain/posts/draft.ts';
import { deleteHashtags } from '#domain/posts/hashtag-store.ts';
import { deleteMentions, insertFormerMentions, insertMentions, listMentionedIds } from '#domain/posts/mention-store.ts';
import { isReblog, type Post } from '#domain/posts/post.ts';
import { findPost, listReblogs } from '#domain/posts/post-store.ts';
import { tagPost } from '#domain/posts/tag-post.ts';

/** Who sees a post, and what it answers, stays. So does the warning, and every other thing that is left out. */
export type Edit = Omit<Draft, 'visibility' | 'inReplyToId'>;

/** Its author rewrites a post; the former text stays in the history. @throws NotFound, NotAllowed, Invalid. */
export async function editPost(ctx: Ctx, accountId: number, postId: number, edit: Edit): Promise<Post> {
  const post = await findPost(ctx.db, postId);
  if (!post || post.deletedAt !== undefined || isReblog(post)) throw new NotFound('Post');
  if (post.accountId !== accountId) throw new NotAllowed('Only its author can edit a post');
  const summary = edit.summary?.trim() ?? post.summary;
  const [{ rendered, mentioned }, language] = await checkAll(
    () => renderDraft(ctx, { text: edit.text, summary }),
    () => readLanguage(edit.language),
  );
  const contents: PostContents = {
    title: post.title,
    html: rendered.html,
    source: edit.text,
    summary,
    sensitive: edit.sensitive ?? post.sensitive,
    language: language ?? post.language,
    emojis: post.emojis,
    attachments: post.attachments,
  };
  return inTransaction(ctx, async (tx) => {
    const named = { mentionedIds: mentioned.map((account) => account.id), hashtags: rendered.hashtags };
    const edited = await replaceContents(tx, postId, { ...named, contents, editedAt: tx.now() });
    if (!edited) throw new NotFound('Post');
    // Of posts from elsewhere it is their own server that tells whoever has them.
    await insertFormerMentions(tx.db, postId, edited.formerIds);
    await tx.emit({ type: 'post.edited', postId });
    return edited.post;
  });
}

/**
 * Writes an edit, local or remote, in a transaction. `formerIds` are the accounts that it names no more. Undefined when the post is gone.
 */
export async function replaceContents(
  tx: Ctx,
  postId: number,
  edit: { contents: PostContents; mentionedIds: readonly number[]; hashtags: readonly string[]; editedAt: number },
): Promise<{ post: Post; formerIds: readonly number[] } | undefined> {
  const post = await findPost(tx.db, postId);
  if (!post || post.deletedAt !== undefined) return undefined;
  await updateContents(tx.db, post, edit.contents, { id: tx.ids.next(), editedAt: edit.editedAt, version: tx.now() });
  const before = new Set(await listMentionedIds(tx.db, postId));
  await deleteMentions(tx.db, postId);
  await insertMentions(tx.db, postId, edit.mentionedIds);
  await deleteHashtags(tx.db, postId);
  await tagPost(tx, post, edit.hashtags);
  const added = edit.mentionedIds.filter((id) => !before.has(id));
  await notifyAll(tx, { to: await listAccounts(tx.db, added), kind: 'mention', from: post.accountId, postId });
  // Whoever showed it to others answers for it: they hear that it changed.
  const reblogs = await listReblogs(tx.db, postId, 100);
  const rebloggers = await listAccounts(
    tx.db,
    reblogs.map((reblog) => reblog.accountId),
  );
  await notifyAll(tx, { to: rebloggers, kind: 'edit', from: post.accountId, postId });
  const formerIds = [...before].filter((id) => !edit.mentionedIds.includes(id));
  return { post: { ...post, ...edit.contents, editedAt: edit.editedAt, version: tx.now() }, formerIds };
}
