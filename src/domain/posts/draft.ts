import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { renderLinkedText } from '#domain/accounts/linked-text.ts';
import { Invalid } from '#domain/errors.ts';
import { HASHTAG_LIMIT, MENTION_LIMIT, POST_LIMIT, type Visibility } from '#domain/posts/post.ts';
import { countCharacters, type RenderedText } from '#lib/text.ts';

/** A post as somebody here writes it. */
export interface Draft {
  text: string;
  /** Content warning. */
  summary?: string;
  visibility?: Visibility;
  sensitive?: boolean;
  /** BCP 47. */
  language?: string;
  inReplyToId?: number;
}

function checkText({ text, summary = '' }: Pick<Draft, 'text' | 'summary'>): void {
  if (text.trim() === '') throw new Invalid('text', 'A post needs some text');
  // A cheap bound first: counting characters as people do takes time.
  const isEndless = text.length + summary.length > POST_LIMIT * 20;
  const length = isEndless ? text.length + summary.length : countCharacters(text) + countCharacters(summary);
  if (length > POST_LIMIT) {
    throw new Invalid('text', `A post has at most ${POST_LIMIT} characters, its warning included: here are ${length}`, {
      length,
    });
  }
}

/** @throws Invalid */
export function readLanguage(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === '') return undefined;
  try {
    return new Intl.Locale(tag).baseName;
  } catch {
    throw new Invalid('language', `${tag} is not a language tag such as en or fr-CH`);
  }
}

/** The text as HTML, with the accounts it names: see `renderLinkedText`. @throws Invalid */
export async function renderDraft(
  ctx: Ctx,
  { text, summary = '' }: Pick<Draft, 'text' | 'summary'>,
): Promise<{ rendered: RenderedText; mentioned: Account[] }> {
  checkText({ text, summary });
  return renderLinkedText(ctx, text, { field: 'text', mentionLimit: MENTION_LIMIT, hashtagLimit: HASHTAG_LIMIT });
}
