import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { Draft } from '#domain/posts/draft.ts';
import { publish } from '#domain/posts/publish.ts';
import type { Post } from '#domain/posts/post.ts';
import { createUser, type NewUser } from '#domain/sign-in/create-user.ts';

export const PASSWORD = 'correct horse battery';

/** A local account with a user. */
export function buildUser(ctx: Ctx, username: string, user: Partial<NewUser> = {}): Promise<Account> {
  return createUser(ctx, { username, email: `${username}@mail.example`, password: PASSWORD, role: 'user', ...user });
}

/** A post by a local account. */
export function buildPost(ctx: Ctx, author: Account, draft: Partial<Draft> = {}): Promise<Post> {
  return publish(ctx, author.id, { text: 'Bonjour le monde', ...draft });
}
