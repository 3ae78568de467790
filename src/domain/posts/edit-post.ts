import { type Ctx, inTransaction } from '#context.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { NotAllowed, NotFound } from '#domain/errors.ts';
import { notify } from '#domain/notifications/notify.ts';
import { deleteHashtags, insertHashtags } from '#domain/posts/hashtag-store.ts';
import type { Post } from '#domain/posts/post.ts';
import {
  deleteMentions,
  findPost,
  insertMentions,
  listMentionedIds,
  listReblogs,
  type PostContents,
  updateContents,
} from '#domain/posts/post-store.ts';
import { checkText, readLanguage, renderPost } from '#domain/posts/publish.ts';

export interface Edit {
  text: string;
  summary?: string;
  sensitive?: boolean;
  language?: string;
}

/** Its author rewrites a post; the former text stays in the history. @throws NotFound, NotAllowed, Invalid. */
export async function editPost(ctx: Ctx, accountId: number, postId: number, edit: Edit): Promise<Post> {
  checkText(edit);
  const post = await findPost(ctx.db, postId);
  if (!post || post.deletedAt !== undefined || post.reblogOfId !== undefined) throw new NotFound('Post');
  if (post.accountId !== accountId) throw new NotAllowed('Only its author can edit a post');
  const { rendered, mentioned } = await renderPost(ctx, edit.text);
  const contents: PostContents = {
    title: post.title,
    html: rendered.html,
    source: edit.text,
    summary: edit.summary?.trim() ?? '',
    sensitive: edit.sensitive ?? false,
    language: readLanguage(edit.language) ?? post.language,
    emojis: post.emojis,
    attachments: post.attachments,
  };
  return inTransaction(ctx, async (tx) => {
    const named = { mentionedIds: mentioned.map((account) => account.id), hashtags: rendered.hashtags };
    const edited = await replaceContents(tx, postId, { ...named, contents, editedAt: tx.now() });
    if (!edited) throw new NotFound('Post');
    await tx.emit({ type: 'post.edited', postId, formerIds: edited.formerIds });
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
  await insertHashtags(tx, postId, edit.hashtags);
  const added = edit.mentionedIds.filter((id) => !before.has(id));
  for (const account of await listAccounts(tx.db, added))
    await notify(tx, { to: account, kind: 'mention', from: post.accountId, postId });
  // Whoever showed it to others answers for it: they hear that it changed.
  const reblogs = await listReblogs(tx.db, postId, 100);
  const rebloggers = await listAccounts(
    tx.db,
    reblogs.map((reblog) => reblog.accountId),
  );
  for (const account of rebloggers) await notify(tx, { to: account, kind: 'edit', from: post.accountId, postId });
  const formerIds = [...before].filter((id) => !edit.mentionedIds.includes(id));
  return { post: { ...post, ...edit.contents, editedAt: edit.editedAt, version: tx.now() }, formerIds };
}
