import { type Account, isInstanceActor, isLocal } from '#domain/accounts/account.ts';
import { findAccount, getAccount } from '#domain/accounts/account-store.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { viewPost } from '#domain/posts/post-view.ts';
import { isReblog, isRestricted, type Post } from '#domain/posts/post.ts';
import { readThread, type Thread } from '#domain/posts/read-thread.ts';
import { readThreadStamp } from '#domain/posts/thread-store.ts';
import { readQuery } from '#http/query.ts';
import { EMBED_CSP } from '#http/security-headers.ts';
import { parseId } from '#lib/id.ts';
import { hrefOf, nameOf, postPath, previewOf, profilePath, toPostCard } from '#web/cards.ts';
import { composeForm } from '#web/compose.ts';
import { Gone } from '#web/error-page.ts';
import { postHead } from '#web/meta.ts';
import { basisOf, rowsOf } from '#web/page-cache.ts';
import { send, showPage } from '#web/page.ts';
import { toThread, viewsOf } from '#web/thread.ts';
import type { WebContext } from '#web/site.ts';

export async function showPost(http: WebContext): Promise<void> {
  const post = await findShownPost(http);
  const account = await authorOf(http, post);
  const after = parseId(readQuery(http).get('after'));
  if (!isAt(http, postPath(account, post.id), after === undefined ? '' : `?after=${after}`)) return;
  const { ctx, visit } = http.state;
  const stamp = post.threadId === undefined ? '' : await readThreadStamp(ctx.db, post.threadId);
  const thread = await readThread(ctx, visit.viewer?.account.id, post, { after });
  const isFirst = after === undefined;
  const head = postHead(http, thread.post);
  showPage(http, {
    view: 'post',
    title: visit.t.post.title(nameOf(account), previewOf(post, 60)),
    data: {
      ...toThread(http, thread, isFirst),
      remote: isLocal(account) ? '' : visit.t.post.remote(account.host),
      compose: visit.viewer && (await composeForm(http, { parent: thread.post })),
    },
    head: isFirst ? head : { ...head, robots: 'noindex', jsonLd: undefined },
    basis: basisOf(visit.settings.version, rowsOfThread(thread, stamp)),
  });
}

/** What a page with a thread was made of: the stamp stands for its posts, but for those of another thread that is too long to be joined. */
function rowsOfThread(thread: Thread, stamp: string): Parameters<typeof basisOf>[1] {
  const { threadId } = thread.post.post;
  const { accounts, posts } = rowsOf(viewsOf(thread));
  if (threadId === undefined) return { accounts, posts };
  const elsewhere = viewsOf(thread).filter((view) => view.post.threadId !== threadId);
  return { accounts, posts: rowsOf(elsewhere).posts, thread: { threadId, stamp } };
}

/** A post by itself, for the pages of others. Nothing but posts of people here that everybody may see. */
export async function showEmbed(http: WebContext): Promise<void> {
  const post = await findShownPost(http);
  const account = await authorOf(http, post);
  if (!isAt(http, postPath(account, post.id), '/embed')) return;
  const { site, visit, ctx } = http.state;
  const view = await viewPost(ctx, undefined, post);
  if (!view || isRestricted(post.visibility) || !isLocal(account)) throw new NotFound('Post');
  http.set('content-security-policy', EMBED_CSP);
  // Search engines have the post itself.
  http.set('x-robots-tag', 'noindex');
  const html = site.views.render('embed', {
    t: visit.t,
    language: visit.language,
    theme: visit.theme,
    siteName: visit.settings.name,
    style: site.assets.url('style.css'),
    documentTitle: visit.t.post.title(nameOf(account), previewOf(post, 60)),
    csrf: '',
    post: { ...toPostCard(http, view), actions: undefined },
  });
  send(http, html, { type: 'text/html; charset=utf-8', basis: basisOf(visit.settings.version, rowsOf([view])) });
}

/**
 * The post an address names, if the viewer may see it: of a reblog, the one it shows.
 * @throws NotFound, or Gone where it was deleted and had been public (A43).
 */
async function findShownPost(http: WebContext): Promise<Post> {
  const { ctx, visit } = http.state;
  const viewerId = visit.viewer?.account.id;
  const id = parseId(http.params['id']);
  const post = id === undefined ? undefined : await findPost(ctx.db, id);
  if (!post || !(await canSee(ctx.db, viewerId, post))) throw new NotFound('Post');
  if (post.deletedAt === undefined) return isReblog(post) ? getVisiblePost(ctx, viewerId, post.reblogOfId) : post;
  throw isRestricted(post.visibility) ? new NotFound('Post') : new Gone();
}

/** @throws NotFound */
async function authorOf({ state }: WebContext, post: Post): Promise<Account> {
  return getAccount(state.ctx.db, post.accountId);
}

/** Whether the page is asked for under its own path. Otherwise the answer is a redirect there. */
function isAt(http: WebContext, path: string, rest = ''): boolean {
  if (path === `/@${http.params['handle']}/${http.params['id']}`) return true;
  http.status = 301;
  http.redirect(path + rest);
  return false;
}

/** `/posts/{id}`, the address that never changes, for people: leads to the one with the name. */
export async function redirectToPost(http: WebContext): Promise<void> {
  const post = await findShownPost(http);
  http.status = 301;
  http.redirect(hrefOf({ post, account: await authorOf(http, post) }));
}

/** `/users/{id}`, likewise. */
export async function redirectToProfile(http: WebContext): Promise<void> {
  const id = parseId(http.params['id']);
  const account = id === undefined ? undefined : await findAccount(http.state.ctx.db, id);
  if (!account || isInstanceActor(account)) throw new NotFound('Account');
  if (account.deletedAt !== undefined) throw new Gone();
  http.status = 302;
  http.redirect(profilePath(account));
}
