import type { Ctx } from '#context.ts';
import type { Core } from '#core.ts';
import type { Account } from '#domain/accounts/account.ts';
import { deletePost } from '#domain/posts/delete-post.ts';
import { editPost } from '#domain/posts/edit-post.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { pin, unpin } from '#domain/posts/pin.ts';
import type { Post, Visibility } from '#domain/posts/post.ts';
import { publish } from '#domain/posts/publish.ts';
import { reblog, unreblog } from '#domain/posts/reblog.ts';
import { type Answer, UsageError } from '#cli/command.ts';
import { resolveLocal, resolvePost } from '#cli/resolve.ts';
import { readStandardInput } from '#cli/terminal.ts';

interface PostOptions {
  visibility?: Visibility;
  cw?: string;
  language?: string;
  'reply-to'?: string;
  stdin?: boolean;
}

export async function write(
  { ctx }: Core,
  [name, given]: [string, string | undefined],
  options: PostOptions,
): Promise<Answer> {
  const { visibility, cw, language, 'reply-to': parent, stdin = false } = options;
  if ((given !== undefined) === stdin) throw new UsageError('Write either TEXT or --stdin');
  const author = await resolveLocal(ctx, name);
  const post = await publish(ctx, author.id, {
    text: given ?? (await readStandardInput()),
    ...(visibility === undefined ? {} : { visibility }),
    ...(cw === undefined ? {} : { summary: cw, sensitive: cw.trim() !== '' }),
    ...(language === undefined ? {} : { language }),
    ...(parent === undefined ? {} : { inReplyToId: await resolvePost(ctx, parent) }),
  });
  return published(post);
}

export async function rewrite({ ctx }: Core, [name, post, text]: [string, string, string]): Promise<Answer> {
  const { account, postId } = await resolve(ctx, name, post);
  return published(await editPost(ctx, account.id, postId, { text }));
}

function published(post: Post): Answer {
  const { visibility, uri, url } = post;
  return { json: { id: String(post.id), uri, url, visibility }, text: `${post.id}  ${url}` };
}

export const remove = act('deleted', (ctx, accountId, postId) => deletePost(ctx, accountId, postId));
export const like = act('favourited', (ctx, accountId, postId) => favourite(ctx, accountId, postId));
export const unlike = act('unfavourited', (ctx, accountId, postId) => unfavourite(ctx, accountId, postId));
export const share = act('reblogged', (ctx, accountId, postId) => reblog(ctx, accountId, postId));
export const unshare = act('unreblogged', (ctx, accountId, postId) => unreblog(ctx, accountId, postId));
export const keepOnTop = act('pinned', (ctx, accountId, postId) => pin(ctx, accountId, postId));
export const letGo = act('unpinned', (ctx, accountId, postId) => unpin(ctx, accountId, postId));

/** A command in which somebody does one thing to a post. */
function act(done: string, use: (ctx: Ctx, accountId: number, postId: number) => Promise<unknown>) {
  return async ({ ctx }: Core, [name, post]: [string, string]): Promise<Answer> => {
    const { account, postId } = await resolve(ctx, name, post);
    await use(ctx, account.id, postId);
    return {
      json: { name: account.username, post: String(postId), done },
      text: `${account.username} ${done} ${postId}`,
    };
  };
}

async function resolve(ctx: Ctx, name: string, post: string): Promise<{ account: Account; postId: number }> {
  return { account: await resolveLocal(ctx, name), postId: await resolvePost(ctx, post) };
}
