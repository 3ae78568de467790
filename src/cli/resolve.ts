import type { Ctx } from '#context.ts';
import { type Account, isInstanceActor } from '#domain/accounts/account.ts';
import { findAccountByHandle, findAccountByUri, getAccount } from '#domain/accounts/account-store.ts';
import { NotAllowed } from '#domain/errors.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { parseHandle } from '#lib/host.ts';
import { parseId } from '#lib/id.ts';
import { CommandError } from '#cli/terminal.ts';

/** A local account by its name, to act for it. @throws CommandError, NotAllowed (the server's own account). */
export async function resolveLocal(ctx: Ctx, name: string): Promise<Account> {
  const handle = parseHandle(name);
  const isHere = handle && (handle.host === undefined || handle.host === ctx.config.host);
  const account = isHere ? await findAccountByHandle(ctx.db, handle.name, '') : undefined;
  if (!account || account.deletedAt !== undefined)
    throw new CommandError(`Nobody here is called ${name}: "parvis user list" shows the names`);
  if (isInstanceActor(account)) throw new NotAllowed(`${account.username} is the server itself: nobody acts for it`);
  return account;
}

/** An account by `name`, `@name@host` or URL; remote ones are looked up on their servers. @throws CommandError */
export async function resolveAccount(ctx: Ctx, text: string): Promise<Account> {
  const account = isUrl(text) ? await findByUrl(ctx, text) : await findByHandle(ctx, text);
  if (!account || account.deletedAt !== undefined) {
    throw new CommandError(
      `No account ${text} was found: write a name of this server, @name@host or the URL of a profile`,
    );
  }
  return account;
}

async function findByHandle(ctx: Ctx, text: string): Promise<Account | undefined> {
  const handle = parseHandle(text);
  if (!handle) return undefined;
  const { name, host } = handle;
  if (host === undefined || host === ctx.config.host) return findAccountByHandle(ctx.db, name, '');
  return (await findAccountByHandle(ctx.db, name, host)) ?? lookedUp(ctx, `${name}@${host}`);
}

async function findByUrl(ctx: Ctx, url: string): Promise<Account | undefined> {
  const known = await findAccountByUri(ctx.db, url);
  if (known) return known;
  if (!url.startsWith(`${ctx.config.origin}/`)) return lookedUp(ctx, url);
  const name = /^\/@([a-z0-9_]+)$/i.exec(new URL(url).pathname)?.[1];
  return name === undefined ? undefined : findAccountByHandle(ctx.db, name, '');
}

async function lookedUp(ctx: Ctx, handleOrUri: string): Promise<Account | undefined> {
  const id = await ctx.lookup.account(handleOrUri);
  return id === undefined ? undefined : getAccount(ctx.db, id);
}

/** Id of a post given by id or URL; remote ones are looked up on their servers. @throws CommandError */
export async function resolvePost(ctx: Ctx, text: string): Promise<number> {
  const id = parseId(text) ?? (isUrl(text) ? await findPostId(ctx, text) : undefined);
  if (id === undefined) throw new CommandError(`No post ${text} was found: write its id or its URL`);
  return id;
}

async function findPostId(ctx: Ctx, url: string): Promise<number | undefined> {
  const known = await findPostByUri(ctx.db, url);
  if (known) return known.id;
  if (!url.startsWith(`${ctx.config.origin}/`)) return ctx.lookup.post(url);
  return parseId(/^\/@[a-z0-9_]+\/(\d+)$/i.exec(new URL(url).pathname)?.[1]);
}

export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
