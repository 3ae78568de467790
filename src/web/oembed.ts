import { isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { isReblog, isRestricted } from '#domain/posts/post.ts';
import { parseLocalUrl } from '#domain/urls.ts';
import { readQuery } from '#http/query.ts';
import { escapeHtml } from '#lib/html.ts';
import { nameOf, postPath, previewOf, profilePath } from '#web/cards.ts';
import { basisOf } from '#web/page-cache.ts';
import { send } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

const WIDTH = 600;
const HEIGHT = 420;

/** How a page elsewhere shows a post of ours (oembed.com): our embeddable page in a frame. No word of a post is in this HTML (A67). */
export async function sendOembed(http: WebContext): Promise<void> {
  const { ctx, visit } = http.state;
  const query = readQuery(http);
  if ((query.get('format') ?? 'json') !== 'json') {
    http.status = 501;
    http.body = 'Only format=json\n';
    return;
  }
  const url = query.get('url');
  if (url === undefined) return http.throw(400, 'A url is missing');
  const named = parseLocalUrl(ctx.config, url);
  if (!named || !('postId' in named)) throw new NotFound('Post');
  const post = await getVisiblePost(ctx, undefined, named.postId);
  const account = await findAccount(ctx.db, post.accountId);
  if (
    !account ||
    account.deletedAt !== undefined ||
    !isLocal(account) ||
    isReblog(post) ||
    isRestricted(post.visibility)
  ) {
    throw new NotFound('Post');
  }
  const page = ctx.config.origin + postPath(account, post.id);
  const width = within(query.get('maxwidth'), WIDTH);
  const height = within(query.get('maxheight'), HEIGHT);
  const title = previewOf(post, 80);
  const oembed = {
    type: 'rich',
    version: '1.0',
    title,
    author_name: nameOf(account),
    author_url: ctx.config.origin + profilePath(account),
    provider_name: visit.settings.name,
    provider_url: `${ctx.config.origin}/`,
    cache_age: 3_600,
    html: `<iframe src="${escapeHtml(`${page}/embed`)}" width="${width}" height="${height}" title="${escapeHtml(nameOf(account))}" sandbox="allow-popups allow-popups-to-escape-sandbox" loading="lazy" style="border:0;max-width:100%"></iframe>`,
    width,
    height,
  };
  http.set('access-control-allow-origin', '*');
  send(http, JSON.stringify(oembed), {
    type: 'application/json; charset=utf-8',
    basis: basisOf(visit.settings.version, { accounts: [account], posts: [post] }),
  });
}

/** What is asked for is a limit, however narrow. */
function within(text: string | undefined, most: number): number {
  return text !== undefined && /^[1-9]\d{0,4}$/.test(text) ? Math.min(most, Number(text)) : most;
}
