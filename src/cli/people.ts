import type { Ctx } from '#context.ts';
import type { Core } from '#core.ts';
import { handleOf } from '#domain/accounts/account.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { block, unblock } from '#domain/relationships/block.ts';
import { acceptFollow, follow, rejectFollow, unfollow } from '#domain/relationships/follow.ts';
import { listFollowers } from '#domain/relationships/follow-store.ts';
import type { Answer } from '#cli/command.ts';
import { resolveAccount, resolveLocal } from '#cli/resolve.ts';
import { isoOf, minuteOf, table } from '#cli/terminal.ts';

export const startFollowing = act(follow);
export const stopFollowing = act(unfollow, 'unfollowed');
export const accept = act(acceptFollow, 'accepted');
export const reject = act(rejectFollow, 'rejected');
export const shutOut = act(block, 'blocked');
export const letIn = act(unblock, 'unblocked');

type Deed = (ctx: Ctx, accountId: number, otherId: number) => Promise<string | void>;

/** A command in which somebody does one thing to somebody else. What the use-case returns says better than `done` what came of it. */
function act(use: Deed, done = '') {
  return async ({ ctx }: Core, [name, handle]: [string, string]): Promise<Answer> => {
    const account = await resolveLocal(ctx, name);
    const other = await resolveAccount(ctx, handle);
    const state = (await use(ctx, account.id, other.id)) ?? done;
    const about = handleOf(other);
    return { json: { name: account.username, account: about, state }, text: `${account.username}: ${state} ${about}` };
  };
}

export async function requests({ ctx }: Core, [name]: [string], { limit = 20 }: { limit?: number }): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  const asked = await listFollowers(ctx.db, account.id, { accepted: false, limit });
  const accounts = new Map(
    (
      await listAccounts(
        ctx.db,
        asked.map((row) => row.followerId),
      )
    ).map((row) => [row.id, row]),
  );
  const rows = asked.flatMap((row) => {
    const follower = accounts.get(row.followerId);
    return follower ? [{ handle: handleOf(follower), url: follower.url, askedAt: row.createdAt }] : [];
  });
  return {
    json: rows.map((row) => ({ ...row, askedAt: isoOf(row.askedAt) })),
    text:
      rows.length === 0 ? 'Nobody asks' : table(rows.map((row) => [minuteOf(row.askedAt), `@${row.handle}`, row.url])),
  };
}
