import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { type AccountProfile, getAccount, insertAccount } from '#domain/accounts/account-store.ts';
import { acceptFollow, follow } from '#domain/relationships/follow.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';

/** An account of another server, as it is known here once met: its inbox, and a shared one. */
export async function buildKnownAccount(
  ctx: Ctx,
  handle: string,
  profile: Partial<AccountProfile> = {},
): Promise<Account> {
  const [username, host] = handle.split('@') as [string, string];
  const uri = `https://${host}/users/${username}`;
  return inTransaction(ctx, async (tx) => {
    const id = tx.ids.next();
    await insertAccount(tx.db, {
      id,
      kind: 'person',
      username,
      host,
      uri,
      url: `https://${host}/@${username}`,
      inbox: `${uri}/inbox`,
      sharedInbox: `https://${host}/inbox`,
      followersUri: `${uri}/followers`,
      createdAt: tx.now(),
      ...profile,
    });
    return getAccount(tx.db, id);
  });
}

/** A remote account that follows a local one. */
export async function buildRemoteFollower(
  ctx: Ctx,
  handle: string,
  target: Account,
  profile: Partial<AccountProfile> = {},
): Promise<Account> {
  const account = await buildKnownAccount(ctx, handle, profile);
  await follow(ctx, account.id, target.id, `${account.uri}#follows/${target.id}`);
  if (!(await findFollow(ctx.db, account.id, target.id))?.accepted) await acceptFollow(ctx, target.id, account.id);
  return account;
}
