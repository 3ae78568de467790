import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { type AccountProfile, getAccount, insertAccount } from '#domain/accounts/account-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { type NewPost, storePost } from '#domain/posts/store-post.ts';

/** An account of another server, known here. */
export function buildRemoteAccount(
  ctx: Ctx,
  username: string,
  profile: Partial<AccountProfile> = {},
): Promise<Account> {
  const host = profile.host ?? 'remote.example';
  return inTransaction(ctx, async (tx) => {
    const id = tx.ids.next();
    const uri = `https://${host}/users/${username}`;
    await insertAccount(tx.db, {
      id,
      createdAt: tx.now(),
      kind: 'person',
      username,
      host,
      uri,
      url: `https://${host}/@${username}`,
      ...profile,
    });
    return getAccount(tx.db, id);
  });
}

/** What a post has that is nothing but a text: everything else of it is to be added. */
export const PLAIN_NOTE = {
  kind: 'note',
  visibility: 'public',
  title: '',
  source: undefined,
  summary: '',
  sensitive: false,
  language: undefined,
  emojis: [],
  attachments: [],
  inReplyToUri: undefined,
  hashtags: [],
} as const satisfies Partial<NewPost>;

/** A post of another server, as it would be stored. */
export function buildRemotePost(ctx: Ctx, author: Account, post: Partial<NewPost> = {}): Promise<Post> {
  return inTransaction(ctx, async (tx) => {
    const id = tx.ids.next();
    const stored = await storePost(tx, author, {
      ...PLAIN_NOTE,
      id,
      accountId: author.id,
      uri: `${author.uri}/posts/${id}`,
      url: `${author.url}/${id}`,
      html: '<p>Hello from afar</p>',
      language: 'en',
      publishedAt: tx.now(),
      mentionedIds: [],
      ...post,
    });
    return stored!;
  });
}
