import type { Ctx } from '#context.ts';
import { fetchActor, isStale, mayBeBack, reviveAccount } from '#activitypub/remote/fetch-actor.ts';
import { fetchPost } from '#activitypub/remote/fetch-post.ts';
import { askWebFinger } from '#activitypub/remote/webfinger.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByHandle, findAccountByUri } from '#domain/accounts/account-store.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { normalizeHost, originOf, parseHandle } from '#lib/host.ts';
import type { FollowPage, Lookup } from '#lib/ports.ts';

/** Finds accounts and posts by what people type or paste. @param context asked late: the context holds this lookup itself */
export function createLookup(context: () => Ctx): Lookup {
  return {
    async account(handleOrUri) {
      const ctx = context();
      const account = await (originOf(handleOrUri) === undefined
        ? findByHandle(ctx, handleOrUri)
        : findByUri(ctx, handleOrUri));
      return account?.deletedAt === undefined ? account?.id : undefined;
    },
    async post(uri) {
      const ctx = context();
      const origin = originOf(uri);
      if (origin === undefined) return undefined;
      if (origin === ctx.config.origin) return (await findPostByUri(ctx.db, uri))?.id;
      const found = await fetchPost(ctx, uri);
      return found.ok && found.post.deletedAt === undefined ? found.post.id : undefined;
    },
    followPage: (handle, accountUri) => findFollowPage(context(), handle, accountUri),
  };
}

async function findByUri(ctx: Ctx, uri: string): Promise<Account | undefined> {
  const known = await findAccountByUri(ctx.db, uri);
  if (known?.deletedAt !== undefined) return reviveAccount(ctx, known);
  if ((known && !isStale(ctx, known)) || originOf(uri) === ctx.config.origin) return known;
  const found = await fetchActor(ctx, uri);
  return found.ok ? found.account : known;
}

/** By its host's WebFinger, which leads to the actor, whose own handle must be the one asked for. */
async function findByHandle(ctx: Ctx, text: string): Promise<Account | undefined> {
  const handle = parseHandle(text);
  if (!handle) return undefined;
  const { name, host = ctx.config.host } = handle;
  if (host === ctx.config.host) return findAccountByHandle(ctx.db, name, '');
  const known = await findAccountByHandle(ctx.db, name, host);
  const isGone = known?.deletedAt !== undefined;
  if (known && (isGone ? !mayBeBack(ctx, known) : !isStale(ctx, known))) return known;
  const answer = await askWebFinger(ctx, { name, host, scheme: schemeOf(ctx) });
  const [actor] = answer.ok ? answer.actors : [];
  if (actor === undefined) return known;
  const account = await findByUri(ctx, actor);
  return account && isNamed(account, name, host) ? account : undefined;
}

/** From the template in its server's WebFinger answer. It says what it likes: only https goes. */
async function findFollowPage(
  ctx: Ctx,
  handle: { name: string; host: string },
  accountUri: string,
): Promise<FollowPage> {
  const answer = await askWebFinger(ctx, { ...handle, scheme: schemeOf(ctx) });
  if (!answer.ok) return { ok: false, reason: 'unreachable' };
  for (const template of answer.followTemplates) {
    const url = template.replaceAll('{uri}', () => encodeURIComponent(accountUri));
    const origin = originOf(url);
    if (origin?.startsWith('https:') || (ctx.config.federationPrivateHosts && origin !== undefined))
      return { ok: true, url: new URL(url).href };
  }
  return { ok: false, reason: 'unsupported' };
}

/** How a server is asked of which nothing is known but its name. */
function schemeOf({ config }: Ctx): string {
  return config.federationPrivateHosts && config.origin.startsWith('http:') ? 'http:' : 'https:';
}

/** Whether this is whom was asked for: its handle, or the same name at the host where it lives if it goes by a shorter domain. */
function isNamed(account: Account, name: string, host: string): boolean {
  const isSameName = account.username.toLowerCase() === name;
  return isSameName && (account.host === host || normalizeHost(new URL(account.uri).host) === host);
}
