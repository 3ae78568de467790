import { findAccount } from '#domain/accounts/account-store.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';
import { readThread } from '#domain/posts/read-thread.ts';
import { readThreadStamp } from '#domain/timelines/page-stamp-store.ts';
import { EMBED_CSP } from '#http/security-headers.ts';
import { parseId } from '#lib/id.ts';
import { nameOf, postPath, previewOf, toPostCard } from '#web/cards.ts';
import { composeForm } from '#web/compose.ts';
import { Gone } from '#web/error-page.ts';
import { postHead } from '#web/meta.ts';
import { basisOf } from '#web/page-cache.ts';
import { send, showPage } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

/** Deeper answers are not moved in further: a phone has no room for it. */
const DEPTH_LIMIT = 5;

export async function showPost(http: WebContext): Promise<void> {
  const post = await postOfPath(http);
  if (!post) return;
  const { ctx, visit } = http.state;
  const stamp = post.conversationId === undefined ? '' : await readThreadStamp(ctx.db, post.conversationId);
  const thread = await readThread(ctx, visit.viewer?.account.id, post.id);
  const views = [...thread.ancestors, thread.post, ...thread.descendants.map(({ view }) => view)];
  const { account } = thread.post;
  showPage(http, {
    view: 'post',
    title: visit.t.post.title(nameOf(account), previewOf(post, 60)),
    data: {
      ancestors: thread.ancestors.map((view) => toPostCard(http, view)),
      post: toPostCard(http, thread.post),
      descendants: thread.descendants.map(({ view, depth }) => ({
        ...toPostCard(http, view),
        depth: String(Math.min(depth, DEPTH_LIMIT)),
        level: depth === 0 ? '' : visit.t.post.level(depth + 1),
      })),
      remote: account.host === '' ? '' : visit.t.post.remote(account.host),
      compose: visit.viewer && composeForm(http, { parent: thread.post }),
    },
    head: postHead(http, thread.post),
    basis: basisOf(visit.settings.version, {
      views,
      thread: post.conversationId === undefined ? undefined : { conversationId: post.conversationId, stamp },
    }),
  });
}

/** A post by itself, for the pages of others. Nothing but public posts of people here. */
export async function showEmbed(http: WebContext): Promise<void> {
  const post = await postOfPath(http, '/embed');
  if (!post) return;
  const { site, visit, ctx } = http.state;
  const thread = await readThread(ctx, undefined, post.id);
  if (isRestricted(post.visibility) || thread.post.account.host !== '') throw new NotFound('Post');
  http.set('content-security-policy', EMBED_CSP);
  // The frame is somebody else's page: it must not be cut off from it, and search engines have the post itself.
  http.remove('cross-origin-opener-policy');
  http.set('x-robots-tag', 'noindex');
  const html = site.views.render('embed', {
    t: visit.t,
    language: visit.language,
    theme: visit.theme,
    siteName: visit.settings.name,
    style: site.assets.url('style.css'),
    documentTitle: visit.t.post.title(nameOf(thread.post.account), previewOf(post, 60)),
    csrf: '',
    post: { ...toPostCard(http, thread.post), actions: undefined },
  });
  const basis = basisOf(visit.settings.version, { views: [thread.post] });
  send(http, html, { type: 'text/html; charset=utf-8', basis });
}

/**
 * The post an address names, if the viewer may see it. Undefined when it has another address: then the answer is a redirect there.
 * @throws NotFound, or Gone where it was deleted and had been public (A43).
 */
async function postOfPath(http: WebContext, rest = ''): Promise<Post | undefined> {
  const { ctx, visit } = http.state;
  const viewerId = visit.viewer?.account.id;
  const id = parseId(http.params['id']);
  const found = id === undefined ? undefined : await findPost(ctx.db, id);
  if (!found) throw new NotFound('Post');
  if (found.deletedAt !== undefined && !isRestricted(found.visibility) && (await canSee(ctx.db, viewerId, found)))
    throw new Gone();
  const post = await getVisiblePost(ctx, viewerId, found.id);
  const shown = post.reblogOfId === undefined ? post : await getVisiblePost(ctx, viewerId, post.reblogOfId);
  const account = await findAccount(ctx.db, shown.accountId);
  if (!account || account.deletedAt !== undefined) throw new NotFound('Post');
  const path = postPath(account, shown.id);
  if (path === `/@${http.params['handle']}/${http.params['id']}`) return shown;
  http.status = 301;
  http.redirect(path + rest);
  return undefined;
}

/** `/posts/{id}`, the address that never changes, for people: leads to the one with the name. */
export async function redirectToPost(http: WebContext): Promise<void> {
  const id = parseId(http.params['id']);
  if (id === undefined) throw new NotFound('Post');
  http.params['handle'] = '';
  await postOfPath(http);
}

/** `/users/{id}`, likewise. */
export async function redirectToProfile(http: WebContext): Promise<void> {
  const id = parseId(http.params['id']);
  const account = id === undefined ? undefined : await findAccount(http.state.ctx.db, id);
  if (!account || account.kind === 'application') throw new NotFound('Account');
  if (account.deletedAt !== undefined) throw new Gone();
  http.status = 302;
  http.redirect(postPath(account, 0).slice(0, -2));
}
