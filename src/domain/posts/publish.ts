import { type Ctx, inTransaction } from '#context.ts';
import { isInstanceActor, isLocal } from '#domain/accounts/account.ts';
import { getAccount } from '#domain/accounts/account-store.ts';
import { checkAll, NotAllowed } from '#domain/errors.ts';
import { type Draft, readLanguage, renderDraft } from '#domain/posts/draft.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import { isRestricted, narrower, type Post } from '#domain/posts/post.ts';
import { storePost } from '#domain/posts/store-post.ts';
import { localUrls } from '#domain/urls.ts';

/**
 * Publishes a post by a local account. An answer to a post seen by few is not shown to more.
 * @throws Invalid (text, language), NotFound (the post answered to), NotAllowed.
 */
export async function publish(ctx: Ctx, authorId: number, draft: Draft): Promise<Post> {
  const author = await getAccount(ctx.db, authorId);
  if (!isLocal(author)) throw new NotAllowed('Only local accounts publish here');
  if (isInstanceActor(author)) throw new NotAllowed('The server itself publishes nothing');
  const [{ rendered, mentioned }, language] = await checkAll(
    () => renderDraft(ctx, draft),
    () => readLanguage(draft.language),
  );
  const parent =
    draft.inReplyToId === undefined ? undefined : await getVisibleOriginal(ctx, authorId, draft.inReplyToId);
  const visibility = narrower(
    draft.visibility ?? 'public',
    parent && isRestricted(parent.visibility) ? parent.visibility : 'public',
  );

  return inTransaction(ctx, async (tx) => {
    const urls = localUrls(ctx.config);
    const id = tx.ids.next();
    const post = await storePost(tx, author, {
      id,
      accountId: authorId,
      kind: 'note',
      uri: urls.post(id),
      url: urls.postPage(author.username, id),
      visibility,
      title: '',
      html: rendered.html,
      source: draft.text,
      summary: draft.summary?.trim() ?? '',
      sensitive: draft.sensitive ?? false,
      language,
      emojis: [],
      attachments: [],
      publishedAt: tx.now(),
      inReplyToUri: parent?.uri,
      mentionedIds: mentioned.map((account) => account.id),
      hashtags: rendered.hashtags,
    });
    if (!post) throw new Error(`Post ${id} was there already`);
    await tx.emit({ type: 'post.published', postId: id });
    return post;
  });
}
