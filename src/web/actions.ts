import { deletePost } from '#domain/posts/delete-post.ts';
import { favourite, unfavourite } from '#domain/posts/favourite.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import { viewPost } from '#domain/posts/post-view.ts';
import { publish } from '#domain/posts/publish.ts';
import { reblog, unreblog } from '#domain/posts/reblog.ts';
import { follow, unfollow } from '#domain/relationships/follow.ts';
import { NotAllowed, NotFound } from '#domain/errors.ts';
import type { Ctx } from '#context.ts';
import { readForm } from '#http/form.ts';
import { parseId } from '#lib/id.ts';
import { localPath } from '#web/address.ts';
import { postPath, toPostCard } from '#web/cards.ts';
import { findParent, readComposed } from '#web/compose.ts';
import { problemsWith } from '#web/form-problem.ts';
import { showHome } from '#web/home.ts';
import type { Notice } from '#web/notice.ts';
import { seeOther, showPage } from '#web/page.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

/** What a button does to the account or post with an id, by the same use-cases as the inbox. Resolves with what the next page says. */
type Verb = (ctx: Ctx, viewerId: number, id: number) => Promise<Notice>;

const saying =
  (notice: Notice, act: (ctx: Ctx, viewerId: number, id: number) => Promise<unknown>): Verb =>
  async (ctx, viewerId, id) => {
    await act(ctx, viewerId, id);
    return notice;
  };

const verbs: Record<string, Verb> = {
  follow: async (ctx, viewerId, id) => ((await follow(ctx, viewerId, id)) === 'following' ? 'followed' : 'requested'),
  unfollow: saying('unfollowed', unfollow),
  favourite: saying('favourited', (ctx, viewerId, id) => favourite(ctx, viewerId, id)),
  unfavourite: saying('unfavourited', unfavourite),
  reblog: saying('reblogged', (ctx, viewerId, id) => reblog(ctx, viewerId, id)),
  unreblog: saying('unreblogged', unreblog),
  delete: saying('deleted', deletePost),
};

export async function handleAction(http: WebContext): Promise<void> {
  const viewer = viewerOf(http);
  const form = await readForm(http);
  const verb = Object.hasOwn(verbs, http.params['verb']!) ? verbs[http.params['verb']!] : undefined;
  const id = parseId(http.params['id']);
  if (!verb || id === undefined) throw new NotFound('Page');
  const notice = await verb(http.state.ctx, viewer.account.id, id);
  seeOther(http, localPath(http, form.text('back')) ?? '/home', notice);
}

/** Asks before deleting: without scripts a page does it. */
export async function showConfirmDelete(http: WebContext): Promise<void> {
  const viewer = viewerOf(http);
  const { ctx, visit } = http.state;
  const id = parseId(http.params['id']);
  if (id === undefined) throw new NotFound('Post');
  const post = await getVisibleOriginal(ctx, viewer.account.id, id);
  if (post.accountId !== viewer.account.id) throw new NotAllowed('Only its author can delete a post');
  const view = await viewPost(ctx, viewer.account.id, post);
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
  const typed = readComposed(form);
  const { inReplyToId, ...draft } = typed;
  try {
    const post = await publish(http.state.ctx, viewer.account.id, {
      ...draft,
      ...(inReplyToId !== undefined && { inReplyToId }),
    });
    seeOther(http, inReplyToId === undefined ? '/home' : `${postPath(viewer.account, post.id)}#p${post.id}`);
  } catch (error) {
    const parent = inReplyToId === undefined ? undefined : await findParent(http, inReplyToId);
    if (inReplyToId !== undefined && !parent) {
      const problem = { field: '', message: http.state.visit.t.compose.parentGone };
      return showHome(http, { typed: { ...typed, inReplyToId: undefined }, problems: [problem] });
    }
    await showHome(http, { typed, problems: problemsWith(http, error), ...(parent && { parent }) });
  }
}
