import { type Ctx, inTransaction } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findAccountByHandle, getAccount } from '#domain/accounts/account-store.ts';
import { Invalid, NotAllowed } from '#domain/errors.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import { HASHTAG_LIMIT, MENTION_LIMIT, narrower, type Post, POST_LIMIT, type Visibility } from '#domain/posts/post.ts';
import { storePost } from '#domain/posts/store-post.ts';
import { localUrls } from '#domain/urls.ts';
import { countCharacters, extractHandles, type Handle, type RenderedText, renderText } from '#lib/text.ts';

export interface Draft {
  text: string;
  /** Content warning. */
  summary?: string;
  visibility?: Visibility;
  sensitive?: boolean;
  /** BCP 47. */
  language?: string;
  inReplyToId?: number;
}

/**
 * Publishes a post by a local account. An answer to a post seen by few is not shown to more.
 * @throws Invalid (text, language), NotFound (the post answered to), NotAllowed.
 */
export async function publish(ctx: Ctx, authorId: number, draft: Draft): Promise<Post> {
  checkText(draft);
  const author = await getAccount(ctx.db, authorId);
  if (!isLocal(author)) throw new NotAllowed('Only local accounts publish here');
  const parent =
    draft.inReplyToId === undefined ? undefined : await getVisibleOriginal(ctx, authorId, draft.inReplyToId);
  const { rendered, mentioned } = await renderPost(ctx, draft.text);
  const language = readLanguage(draft.language);
  const visibility = narrower(
    draft.visibility ?? 'public',
    parent?.visibility === 'direct' || parent?.visibility === 'followers' ? parent.visibility : 'public',
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

/** @throws Invalid */
export function checkText({ text, summary = '' }: Pick<Draft, 'text' | 'summary'>): void {
  if (text.trim() === '') throw new Invalid('text', 'A post needs some text');
  // A cheap bound first: counting characters as people do takes time.
  if (text.length + summary.length > POST_LIMIT * 20 || countCharacters(text) + countCharacters(summary) > POST_LIMIT) {
    throw new Invalid('text', `A post has at most ${POST_LIMIT} characters`);
  }
}

/** @throws Invalid */
export function readLanguage(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === '') return undefined;
  try {
    return new Intl.Locale(tag).baseName;
  } catch {
    throw new Invalid('language', `${tag} is not a language tag such as en or fr-CH`);
  }
}

/**
 * Text as HTML, with the accounts it names. Remote accounts not met yet are looked up on their servers: never in a transaction. Names
 * that lead nowhere stay plain text.
 */
export async function renderPost(ctx: Ctx, text: string): Promise<{ rendered: RenderedText; mentioned: Account[] }> {
  const handles = extractHandles(text);
  if (handles.length > MENTION_LIMIT) throw new Invalid('text', `A post can name at most ${MENTION_LIMIT} accounts`);
  const found = new Map<string, Account>();
  await Promise.all(
    handles.map(async (handle) => {
      const account = await findMentioned(ctx, handle);
      if (account && account.deletedAt === undefined) found.set(keyOf(handle), account);
    }),
  );
  const urls = localUrls(ctx.config);
  const rendered = renderText(text, {
    resolveMention(handle) {
      const account = found.get(keyOf(handle));
      return account && { href: account.url };
    },
    hashtagUrl: urls.hashtagPage,
  });
  if (rendered.hashtags.length > HASHTAG_LIMIT)
    throw new Invalid('text', `A post can have at most ${HASHTAG_LIMIT} hashtags`);
  return { rendered, mentioned: [...new Map([...found.values()].map((account) => [account.id, account])).values()] };
}

async function findMentioned(ctx: Ctx, handle: Handle): Promise<Account | undefined> {
  const host = handle.host?.toLowerCase();
  if (host === undefined || host === ctx.config.host) return findAccountByHandle(ctx.db, handle.name, '');
  const known = await findAccountByHandle(ctx.db, handle.name, host);
  if (known) return known;
  const id = await ctx.lookup.account(`${handle.name}@${host}`);
  return id === undefined ? undefined : getAccount(ctx.db, id);
}

function keyOf(handle: Handle): string {
  return `${handle.name}@${handle.host ?? ''}`.toLowerCase();
}
