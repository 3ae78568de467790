import type { Ctx } from '#context.ts';
import type { Core } from '#core.ts';
import { type Account, handleOf } from '#domain/accounts/account.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { listNotifications } from '#domain/notifications/notification-store.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { listPosts } from '#domain/posts/post-store.ts';
import { type PostView, viewPost, viewPosts } from '#domain/posts/post-view.ts';
import { readThread, type Thread } from '#domain/posts/read-thread.ts';
import { listConversations } from '#domain/posts/conversation-store.ts';
import { homeTimeline } from '#domain/timelines/home.ts';
import { listByHashtag, listPublic } from '#domain/timelines/timeline-store.ts';
import { normalizeHashtag } from '#lib/text.ts';
import { type Answer, UsageError } from '#cli/command.ts';
import { accountText, postsText, postText, toAccountJson, toPostJson } from '#cli/present.ts';
import { isUrl, resolveAccount, resolveLocal, resolvePost } from '#cli/resolve.ts';
import { CommandError, isoOf, minuteOf } from '#cli/terminal.ts';

interface TimelineOptions {
  limit?: number;
  public?: boolean;
  local?: boolean;
  tag?: string;
}

export async function timeline({ ctx }: Core, [name]: [string], options: TimelineOptions): Promise<Answer> {
  const kinds = [options.public, options.local, options.tag].filter((kind) => kind !== undefined);
  if (kinds.length > 1) throw new UsageError('Write one of --public, --local and --tag');
  const viewer = await resolveLocal(ctx, name);
  const views = await readTimeline(ctx, viewer.id, options);
  return { json: views.map(toPostJson), text: postsText(views, 'Nothing here yet') };
}

async function readTimeline(ctx: Ctx, viewer: number, { limit = 20, ...wanted }: TimelineOptions): Promise<PostView[]> {
  const page = { limit };
  if (wanted.tag !== undefined) {
    const tag = normalizeHashtag(wanted.tag.replace(/^#/, ''));
    return viewPosts(ctx, viewer, await listByHashtag(ctx.db, viewer, tag, page));
  }
  if (wanted.public || wanted.local) {
    return viewPosts(ctx, viewer, await listPublic(ctx.db, viewer, wanted.local ? 'local' : 'everywhere', page));
  }
  return homeTimeline(ctx, viewer, page);
}

export async function notifications(
  { ctx }: Core,
  [name]: [string],
  { limit = 20 }: { limit?: number },
): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  const told = await listNotifications(ctx.db, account.id, { limit });
  const people = byId(
    await listAccounts(
      ctx.db,
      told.map((row) => row.fromAccountId),
    ),
  );
  const views = await viewsById(
    ctx,
    account,
    told.map((row) => row.postId),
  );
  const shown = told.flatMap((row) => {
    const from = people.get(row.fromAccountId);
    return from ? [{ ...row, from: handleOf(from), post: views.get(row.postId ?? 0) }] : [];
  });
  return {
    json: shown.map((row) => ({
      id: String(row.id),
      kind: row.kind,
      from: row.from,
      post: row.post ? toPostJson(row.post) : null,
      createdAt: isoOf(row.createdAt),
    })),
    text: shown.map((row) => notificationText(row)).join('\n') || 'Nothing yet',
  };
}

function notificationText({
  kind,
  from,
  post,
  createdAt,
}: {
  kind: string;
  from: string;
  post: PostView | undefined;
  createdAt: number;
}): string {
  const line = `${minuteOf(createdAt)}  ${kind} by @${from}`;
  return post ? `${line}\n${postText(post, 1)}` : line;
}

export async function conversations(
  { ctx }: Core,
  [name]: [string],
  { limit = 20 }: { limit?: number },
): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  const rows = await listConversations(ctx.db, account.id, limit);
  const views = await viewsById(
    ctx,
    account,
    rows.map((row) => row.lastPostId),
  );
  const shown = rows.map((row) => ({ ...row, last: views.get(row.lastPostId) }));
  return {
    json: shown.map(({ conversationId, unread, last }) => ({
      id: String(conversationId),
      unread,
      lastPost: last ? toPostJson(last) : null,
    })),
    text:
      shown
        .map(({ unread, last }) => (last ? `${unread ? '* ' : '  '}${postText(last)}` : '  (deleted)'))
        .join('\n\n') || 'Nothing yet',
  };
}

export async function show({ ctx }: Core, [post]: [string], options: { as?: string }): Promise<Answer> {
  const viewer = options.as === undefined ? undefined : (await resolveLocal(ctx, options.as)).id;
  const thread = await readThread(ctx, viewer, await getVisiblePost(ctx, viewer, await resolvePost(ctx, post)));
  const { ancestors, descendants, rest } = thread;
  return {
    json: {
      post: toPostJson(thread.post),
      ancestors: ancestors.flatMap((entry) => (entry.state === 'shown' ? [toPostJson(entry.view)] : [])),
      descendants: descendants.flatMap((entry) =>
        entry.state === 'shown' ? [{ ...toPostJson(entry.view), depth: entry.depth }] : [],
      ),
      isWhole: !rest && [...ancestors, ...descendants].every(({ state }) => !leftOut.has(state)),
    },
    text: [
      ...ancestors.map((entry) => placeText(entry, 0)),
      postText(thread.post).replace(/^/, '> '),
      ...descendants.map((entry) => placeText(entry, entry.depth + 1)),
      ...(rest ? ['(more answers)'] : []),
    ].join('\n\n'),
  };
}

const leftOut = new Set(['gap', 'long', 'more']);

function placeText(entry: Thread['ancestors'][number] | Thread['descendants'][number], depth: number): string {
  if (entry.state === 'shown') return postText(entry.view, depth);
  const words = {
    deleted: 'deleted',
    hidden: 'not shown',
    long: 'a very long post',
    gap: 'earlier posts',
    more: 'more answers',
  };
  return `${'    '.repeat(Math.min(depth, 8))}(${words[entry.state]})`;
}

export async function search({ ctx }: Core, [what]: [string]): Promise<Answer> {
  const found = await resolveAccount(ctx, what).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
  });
  if (found) return { json: { account: toAccountJson(found), post: null }, text: accountText(found) };
  if (!isUrl(what))
    throw new CommandError(`Nothing was found for ${what}: write @name@host or the URL of a profile or post`);
  const view = await viewPost(ctx, undefined, await getVisiblePost(ctx, undefined, await resolvePost(ctx, what)));
  if (!view) throw new CommandError(`Nothing was found for ${what}`);
  return { json: { account: null, post: toPostJson(view) }, text: postText(view) };
}

async function viewsById(
  ctx: Ctx,
  viewer: Account,
  ids: readonly (number | undefined)[],
): Promise<Map<number, PostView>> {
  const posts = await listPosts(
    ctx.db,
    ids.filter((id) => id !== undefined),
  );
  const there = posts.filter((post) => post.deletedAt === undefined);
  return new Map((await viewPosts(ctx, viewer.id, there)).map((view) => [view.post.id, view]));
}

function byId<T extends { id: number }>(rows: readonly T[]): Map<number, T> {
  return new Map(rows.map((row) => [row.id, row]));
}
