import type { Ctx } from '#context.ts';
import { localUrls } from '#domain/urls.ts';

/** The addresses of a local account. */
export function localProfile(ctx: Ctx, id: number, username: string) {
  const urls = localUrls(ctx.config);
  return {
    username,
    host: '',
    uri: urls.actor(id),
    url: urls.profilePage(username),
    inbox: urls.inbox(id),
    sharedInbox: urls.sharedInbox,
    outbox: urls.outbox(id),
    followersUri: urls.followers(id),
    followingUri: urls.following(id),
    featuredUri: urls.featured(id),
  };
}
