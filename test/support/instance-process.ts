/**
 * A real server process for end-to-end tests: started from its environment like main.ts, with a line to the test that calls use-cases as
 * the pages and the command line do.
 */
import { createApp } from '#app.ts';
import { readConfig } from '#config.ts';
import type { Ctx } from '#context.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { handleOf } from '#domain/accounts/account.ts';
import { findAccount, findAccountByUri, listAccounts } from '#domain/accounts/account-store.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { listNotifications } from '#domain/notifications/notification-store.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import { listEdits } from '#domain/posts/edit-store.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { pin, unpin } from '#domain/posts/pin.ts';
import { findPost, findPostByUri } from '#domain/posts/post-store.ts';
import { publish } from '#domain/posts/publish.ts';
import { reblog, unreblog } from '#domain/posts/reblog.ts';
import { block, unblock } from '#domain/relationships/block.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import { acceptFollow, follow, rejectFollow, unfollow } from '#domain/relationships/follow.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { createUser } from '#domain/sign-in/create-user.ts';
import { homeTimeline } from '#domain/timelines/home.ts';
import { listPinned } from '#domain/timelines/timeline-store.ts';
import { configureLog } from '#lib/log.ts';

/** What a test may ask of an instance: values that survive JSON. */
const operations = {
  createUser: (ctx: Ctx, username: string) =>
    createUser(ctx, { username, email: `${username}@mail.example`, password: 'correct horse battery', role: 'user' }),
  lookupAccount: async (ctx: Ctx, handleOrUri: string) => (await ctx.lookup.account(handleOrUri)) ?? null,
  lookupPost: async (ctx: Ctx, uri: string) => (await ctx.lookup.post(uri)) ?? null,
  account: async (ctx: Ctx, id: number) => (await findAccount(ctx.db, id)) ?? null,
  accountByUri: async (ctx: Ctx, uri: string) => (await findAccountByUri(ctx.db, uri)) ?? null,
  post: async (ctx: Ctx, id: number) => (await findPost(ctx.db, id)) ?? null,
  postByUri: async (ctx: Ctx, uri: string) => (await findPostByUri(ctx.db, uri)) ?? null,
  edits: (ctx: Ctx, postId: number) => listEdits(ctx.db, postId),
  pins: async (ctx: Ctx, accountId: number) => (await listPinned(ctx.db, accountId, accountId)).map((post) => post.id),
  isFollowing: async (ctx: Ctx, followerId: number, targetId: number) => {
    const row = await findFollow(ctx.db, followerId, targetId);
    return row ? (row.accepted ? 'following' : 'requested') : 'none';
  },
  isBlocking: async (ctx: Ctx, accountId: number, targetId: number) =>
    (await findBlock(ctx.db, accountId, targetId)) !== undefined,
  home: async (ctx: Ctx, accountId: number) =>
    (await homeTimeline(ctx, accountId, { limit: 40 })).map((view) => ({
      uri: view.post.uri,
      html: (view.reblogOf ?? view).post.html,
    })),
  notifications: async (ctx: Ctx, accountId: number) => {
    const list = await listNotifications(ctx.db, accountId, { limit: 100 });
    const accounts = new Map(
      (
        await listAccounts(
          ctx.db,
          list.map((entry) => entry.fromAccountId),
        )
      ).map((account) => [account.id, account]),
    );
    return list.map((entry) => `${entry.kind} ${handleOf(accounts.get(entry.fromAccountId)!)}`);
  },
  count: async (ctx: Ctx, sql: string, params: (string | number)[] = []) =>
    (await ctx.db.get<{ n: number }>(sql, params))?.n ?? 0,
  updateProfile,
  deleteAccount,
  publish,
  editPost,
  deletePost,
  favourite,
  unfavourite,
  reblog,
  unreblog,
  pin,
  unpin,
  follow,
  unfollow,
  acceptFollow,
  rejectFollow,
  block,
  unblock,
};

export type Operations = typeof operations;
export type Operation = keyof Operations;

const config = readConfig();
await configureLog(config.logLevel);
const app = await createApp(config);

process.on('message', ({ id, operation, args }: { id: number; operation: Operation; args: never[] }) => {
  const run = operations[operation] as (ctx: Ctx, ...rest: never[]) => Promise<unknown>;
  run(app.ctx, ...args).then(
    (value) => process.send?.({ id, value: value ?? null }),
    (error: unknown) =>
      process.send?.({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }),
  );
});
process.on('SIGTERM', () => void app.stop(8_000).then(() => process.exit(0)));

process.send?.({ listening: await app.listen() });
