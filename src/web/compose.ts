import { handleOf } from '#domain/accounts/account.ts';
import type { PostView } from '#domain/posts/post-view.ts';
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

/**
 * The form that writes a post, or an answer to one: empty, or with what was typed into it and what is wrong with that. An answer is offered
 * to no more people than can get it, and to no more than the post reached unless its author says so.
 */
export function composeForm(
  http: WebContext,
  { parent, typed, problems = [] }: { parent?: PostView; typed?: Composed; problems?: readonly Problem[] } = {},
) {
  const { t, language, viewer } = http.state.visit;
  const reached = parent?.post.visibility ?? 'public';
  const choices = visibilities.filter((value) => !isRestricted(reached) || narrower(value, reached) === value);
  const visibility = choices.find((value) => value === typed?.visibility) ?? reached;
  // Who is answered, and whom they named: an answer reaches those it names.
  const named = parent
    ? [parent.account, ...parent.mentions].filter((account) => account.id !== viewer?.account.id)
    : [];
  const mentions = [...new Set(named.map((account) => `@${handleOf(account)} `))].join('');
  const inReplyToId = parent?.post.id ?? typed?.inReplyToId;
  const summary = typed?.summary ?? parent?.post.summary ?? '';
  const shownLanguage = typed?.language ?? language;
  const wrong = errorsOf(['text', 'language'], problems);
  return {
    label: parent ? t.compose.answer(handleOf(parent.account)) : t.compose.text,
    inReplyTo: inReplyToId === undefined ? '' : String(inReplyToId),
    text: typed?.text ?? mentions,
    summary,
    language: shownLanguage,
    // Nothing that is published, or wrong, lies hidden.
    isOpen: summary !== '' || shownLanguage !== language || wrong.errors.language !== '',
    visibilities: choices.map((value) => ({
      value,
      label: t.post.visibility[value],
      isChosen: value === visibility,
    })),
    isDirect: reached === 'direct',
    ...wrong,
  };
}
