import { deletePost } from '#domain/posts/delete-post.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { getVisibleOriginal, getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { type PostView, viewPost } from '#domain/posts/post-view.ts';
import { publish } from '#domain/posts/publish.ts';
import { reblog, unreblog } from '#domain/posts/reblog.ts';
import { follow, unfollow } from '#domain/relationships/follow.ts';
import { NotAllowed, NotFound } from '#domain/errors.ts';
import type { Ctx } from '#context.ts';
import { readForm } from '#http/form.ts';
import { parseId } from '#lib/id.ts';
import { postPath, toPostCard } from '#web/cards.ts';
import { readVisibility } from '#web/compose.ts';
import { problemWith } from '#web/form-problem.ts';
import { showHome } from '#web/home.ts';
import { localPath, seeOther, showPage } from '#web/page.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

/** What a button does to the account or post with an id. The same use-cases as those of the client API and the inbox. */
const verbs: Record<string, (ctx: Ctx, viewerId: number, id: number) => Promise<unknown>> = {
  follow: (ctx, viewerId, id) => follow(ctx, viewerId, id),
  unfollow,
  favourite: (ctx, viewerId, id) => favourite(ctx, viewerId, id),
  unfavourite,
  reblog: (ctx, viewerId, id) => reblog(ctx, viewerId, id),
  unreblog,
  delete: deletePost,
};

export async function handleAction(http: WebContext): Promise<void> {
  const viewer = viewerOf(http);
  const form = await readForm(http);
  const act = Object.hasOwn(verbs, http.params['verb']!) ? verbs[http.params['verb']!] : undefined;
  const id = parseId(http.params['id']);
  if (!act || id === undefined) throw new NotFound('Page');
  await act(http.state.ctx, viewer.account.id, id);
  seeOther(http, localPath(http, form.text('back')) ?? '/home');
}

/** Asks before deleting: without scripts a page does it. */
export async function showConfirmDelete(http: WebContext): Promise<void> {
  const viewer = viewerOf(http);
  const { ctx, visit } = http.state;
  const id = parseId(http.params['id']);
  if (id === undefined) throw new NotFound('Post');
  const post = await getVisiblePost(ctx, viewer.account.id, id);
  if (post.accountId !== viewer.account.id) throw new NotAllowed('Only its author can delete a post');
  const view = await viewPost(ctx.db, viewer.account.id, post);
  if (!view) throw new NotFound('Post');
  showPage(http, {
    view: 'confirm-delete',
    title: visit.t.confirmDelete.title,
    data: { post: { ...toPostCard(http, view), actions: undefined }, cancel: postPath(view.account, post.id) },
    head: { robots: 'noindex' },
  });
}

export async function handlePublish(http: WebContext): Promise<void> {
  const viewer = viewerOf(http);
  const form = await readForm(http);
  const typed = {
    text: form.text('text'),
    summary: form.text('summary'),
    visibility: readVisibility(form.text('visibility')),
    language: form.text('language'),
  };
  const inReplyToId = parseId(form.text('inReplyTo'));
  try {
    const post = await publish(http.state.ctx, viewer.account.id, {
      ...typed,
      ...(inReplyToId !== undefined && { inReplyToId }),
    });
    seeOther(http, inReplyToId === undefined ? '/home' : `${postPath(viewer.account, post.id)}#p${post.id}`);
  } catch (error) {
    const problem = problemWith(http, error);
    const parent = inReplyToId === undefined ? undefined : await parentOf(http, inReplyToId);
    await showHome(http, { typed, problem, ...(parent && { parent }) });
  }
}

/** The post answered to, for the form that is shown again with what was typed. */
async function parentOf(http: WebContext, id: number): Promise<PostView | undefined> {
  const { ctx } = http.state;
  const { account } = viewerOf(http);
  return viewPost(ctx.db, account.id, await getVisibleOriginal(ctx, account.id, id));
}
