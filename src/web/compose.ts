import { handleOf } from '#domain/accounts/account.ts';
import { NotFound } from '#domain/errors.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import { type PostView, viewPost } from '#domain/posts/post-view.ts';
import { findLastLanguage } from '#domain/posts/post-store.ts';
import { isRestricted, narrower, visibilities, type Visibility } from '#domain/posts/post.ts';
import type { Form } from '#http/form.ts';
import { parseId } from '#lib/id.ts';
import { errorsOf, type Problem } from '#web/form-problem.ts';
import type { WebContext } from '#web/site.ts';

export interface Composed {
  text: string;
  summary: string;
  visibility: Visibility;
  language: string;
  inReplyToId: number | undefined;
}

export function readComposed(form: Form): Composed {
  return {
    text: form.text('text'),
    summary: form.text('summary'),
    visibility: visibilities.find((visibility) => visibility === form.text('visibility')) ?? 'public',
    language: form.text('language'),
    inReplyToId: parseId(form.text('inReplyTo')),
  };
}

/** The post that a reply to `id` is to: of a reblog, the one it shows. Undefined where the viewer cannot see it, or no longer. */
export async function findParent({ state }: WebContext, id: number): Promise<PostView | undefined> {
  const { ctx, visit } = state;
  const viewerId = visit.viewer?.account.id;
  const parent = await getVisibleOriginal(ctx, viewerId, id).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  return parent && viewPost(ctx, viewerId, parent);
}

/**
 * The form that writes a post, or a reply to one: empty, or with what was typed into it and what is wrong with that. A reply is offered
 * to no more people than can get it, and to no more than the post reached unless its author says so.
 */
export async function composeForm(
  http: WebContext,
  { parent, typed, problems = [] }: { parent?: PostView; typed?: Composed; problems?: readonly Problem[] } = {},
) {
  const { ctx, visit } = http.state;
  const { t, viewer } = visit;
  const reached = parent?.post.visibility ?? 'public';
  const choices = visibilities.filter((value) => !isRestricted(reached) || narrower(value, reached) === value);
  const visibility = choices.find((value) => value === typed?.visibility) ?? reached;
  // Who is replied to, and whom they named: a reply reaches those it names.
  const named = parent
    ? [parent.account, ...parent.mentions].filter((account) => account.id !== viewer?.account.id)
    : [];
  const mentions = [...new Set(named.map((account) => `@${handleOf(account)} `))].join('');
  const inReplyToId = parent?.post.id ?? typed?.inReplyToId;
  const summary = typed?.summary ?? parent?.post.summary ?? '';
  // What one wrote in last. That of the pages would be a guess, and readers and screen readers would believe it.
  const shownLanguage = typed
    ? typed.language
    : ((viewer && (await findLastLanguage(ctx.db, viewer.account.id))) ?? '');
  const wrong = errorsOf(['text', 'language'], problems);
  return {
    label: parent ? t.compose.reply(handleOf(parent.account)) : t.compose.text,
    inReplyTo: inReplyToId === undefined ? '' : String(inReplyToId),
    text: typed?.text ?? mentions,
    summary,
    language: shownLanguage,
    // Nothing that is published, or wrong, lies hidden.
    isOpen: summary !== '' || (typed?.language ?? '') !== '' || wrong.errors.language !== '',
    visibilities: choices.map((value) => ({
      value,
      label: t.post.visibility[value],
      isChosen: value === visibility,
    })),
    isDirect: reached === 'direct',
    ...wrong,
  };
}
