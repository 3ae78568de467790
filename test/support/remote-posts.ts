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

/** A post of another server, as it would be stored. */
export function buildRemotePost(ctx: Ctx, author: Account, post: Partial<NewPost> = {}): Promise<Post> {
  return inTransaction(ctx, async (tx) => {
    const id = tx.ids.next();
    const stored = await storePost(tx, author, {
      id,
      accountId: author.id,
      kind: 'note',
      uri: `${author.uri}/posts/${id}`,
      url: `${author.url}/${id}`,
      visibility: 'public',
      title: '',
      html: '<p>Hello from afar</p>',
      source: undefined,
      summary: '',
      sensitive: false,
      language: 'en',
      emojis: [],
      attachments: [],
      publishedAt: tx.now(),
      inReplyToUri: undefined,
      mentionedIds: [],
      hashtags: [],
      ...post,
    });
    return stored!;
  });
}
