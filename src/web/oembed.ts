import { findAccount } from '#domain/accounts/account-store.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { isRestricted } from '#domain/posts/post.ts';
import { originOf } from '#lib/host.ts';
import { escapeHtml } from '#lib/html.ts';
import { parseId } from '#lib/id.ts';
import { nameOf, postPath, previewOf, profilePath } from '#web/cards.ts';
import { basisOf } from '#web/page-cache.ts';
import { send } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

const WIDTH = 600;
const HEIGHT = 420;
const SMALLEST = 200;

/** How a page elsewhere shows a post of ours (oembed.com): our embeddable page in a frame. No word of a post is in this HTML (A67). */
export async function sendOembed(http: WebContext): Promise<void> {
  const { ctx, visit } = http.state;
  const { url, format = 'json', maxwidth, maxheight } = http.query;
  if (format !== 'json') {
    http.status = 501;
    http.body = 'Only format=json\n';
    return;
  }
  if (typeof url !== 'string') return http.throw(400, 'A url is missing');
  const path = originOf(url) === ctx.config.origin ? new URL(url).pathname : '';
  const id = parseId(/^\/(?:@[^/]+|posts)\/(\d+)$/.exec(path)?.[1]);
  if (id === undefined) throw new NotFound('Post');
  const post = await getVisiblePost(ctx, undefined, id);
  const account = await findAccount(ctx.db, post.accountId);
  if (
    !account ||
    account.deletedAt !== undefined ||
    account.host !== '' ||
    post.reblogOfId !== undefined ||
    isRestricted(post.visibility)
  ) {
    throw new NotFound('Post');
  }
  const page = ctx.config.origin + postPath(account, post.id);
  const width = within(maxwidth, WIDTH);
  const height = within(maxheight, HEIGHT);
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
  const view = { post, account, reblogOf: undefined, mentions: [], hashtags: [], viewer: undefined };
  send(http, JSON.stringify(oembed), {
    type: 'application/json; charset=utf-8',
    basis: basisOf(visit.settings.version, { views: [view] }),
  });
}

function within(text: unknown, most: number): number {
  const wanted = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : most;
  return Math.min(most, Math.max(SMALLEST, wanted));
}
