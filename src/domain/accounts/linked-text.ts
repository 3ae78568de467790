import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByHandle, getAccount } from '#domain/accounts/account-store.ts';
import { Invalid } from '#domain/errors.ts';
import { localUrls } from '#domain/urls.ts';
import { extractHandles, type Handle, type RenderedText, renderText } from '#lib/text.ts';

export interface LinkedTextRules {
  /** What the text is of the form it stands in, for refusals. */
  field: string;
  mentionLimit: number;
  hashtagLimit: number;
}

/**
 * Text as HTML, with the accounts it names. Remote accounts not met yet are looked up on their servers: never in a transaction. Names
 * that lead nowhere stay plain text.
 * @throws Invalid where it names too many accounts or hashtags.
 */
export async function renderLinkedText(
  ctx: Ctx,
  text: string,
  { field, mentionLimit, hashtagLimit }: LinkedTextRules,
): Promise<{ rendered: RenderedText; mentioned: Account[] }> {
  const handles = extractHandles(text);
  if (handles.length > mentionLimit) {
    throw new Invalid(field, `At most ${mentionLimit} accounts can be named`, {
      reason: 'mentions',
      length: handles.length,
    });
  }
  const found = new Map<string, Account>();
  await Promise.all(
    handles.map(async (handle) => {
      const account = await findNamed(ctx, handle);
      if (account && account.deletedAt === undefined) found.set(keyOf(handle), account);
    }),
  );
  const rendered = renderText(text, {
    resolveMention(handle) {
      const account = found.get(keyOf(handle));
      return account && { href: account.url };
    },
    hashtagUrl: localUrls(ctx.config).hashtagPage,
  });
  if (rendered.hashtags.length > hashtagLimit) {
    throw new Invalid(field, `There can be at most ${hashtagLimit} hashtags`, {
      reason: 'hashtags',
      length: rendered.hashtags.length,
    });
  }
  return { rendered, mentioned: [...new Map([...found.values()].map((account) => [account.id, account])).values()] };
}

async function findNamed(ctx: Ctx, handle: Handle): Promise<Account | undefined> {
  const host = handle.host?.toLowerCase();
  if (host === undefined || host === ctx.config.host) return findAccountByHandle(ctx.db, handle.name, '');
  const known = await findAccountByHandle(ctx.db, handle.name, host);
  if (known) return known;
  const id = await ctx.lookup.account(`${handle.name}@${host}`);
  return id === undefined ? undefined : getAccount(ctx.db, id);
}

function keyOf(handle: Handle): string {
  return `${handle.name}@${handle.host ?? ''}`.toLowerCase();
}
