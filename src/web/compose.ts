import { handleOf } from '#domain/accounts/account.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import { visibilities, type Visibility } from '#domain/posts/post.ts';
import type { WebContext } from '#web/site.ts';

export interface Composed {
  text: string;
  summary: string;
  visibility: Visibility;
  language: string;
}

/** The form that writes a post, or an answer to one. */
export function composeForm(
  http: WebContext,
  {
    parent,
    typed,
    problem,
  }: { parent?: PostView; typed?: Composed; problem?: { field: string; message: string } } = {},
) {
  const { t, language, viewer } = http.state.visit;
  const least = parent?.post.visibility === 'unlisted' || parent === undefined ? 'public' : parent.post.visibility;
  const visibility = typed?.visibility ?? least;
  // Who is answered, and whom they named: an answer reaches those it names.
  const named = parent
    ? [parent.account, ...parent.mentions].filter((account) => account.id !== viewer?.account.id)
    : [];
  const mentions = [...new Set(named.map((account) => `@${handleOf(account)} `))].join('');
  return {
    label: parent ? t.compose.answer(handleOf(parent.account)) : t.compose.text,
    inReplyTo: parent ? String(parent.post.id) : '',
    text: typed?.text ?? mentions,
    summary: typed?.summary ?? parent?.post.summary ?? '',
    language: typed?.language ?? language,
    back: http.method === 'GET' ? http.url : '/home',
    isOpen:
      typed !== undefined && (typed.summary !== '' || typed.visibility !== least || problem?.field === 'language'),
    visibilities: visibilities.map((value) => ({
      value,
      label: t.post.visibility[value],
      isChosen: value === visibility,
    })),
    error: problem?.message ?? '',
  };
}

export function readVisibility(text: string): Visibility {
  return visibilities.find((visibility) => visibility === text) ?? 'public';
}
