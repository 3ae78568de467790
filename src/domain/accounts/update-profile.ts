import { type Ctx, inTransaction } from '#context.ts';
import { type Account, type AccountKind, isInstanceActor, isLocal } from '#domain/accounts/account.ts';
import { getAccount, updateAccount } from '#domain/accounts/account-store.ts';
import { renderLinkedText } from '#domain/accounts/linked-text.ts';
import { checkAll, Invalid, NotAllowed } from '#domain/errors.ts';
import { escapeHtml } from '#lib/html.ts';

export interface ProfileChange {
  displayName?: string;
  /** As written; mentions, links and hashtags are found in it. */
  summary?: string;
  locked?: boolean;
  discoverable?: boolean;
  indexable?: boolean;
  hidesNetwork?: boolean;
  fields?: readonly { name: string; value: string }[];
  kind?: Exclude<AccountKind, 'application'>;
}

const DISPLAY_NAME_LIMIT = 100;
const SUMMARY_LIMIT = 2_000;
const MENTION_LIMIT = 50;
const HASHTAG_LIMIT = 50;
const FIELDS_LIMIT = 8;
const FIELD_LIMIT = 255;

/** Changes what a local account shows of itself. @throws NotFound, NotAllowed, Invalid. */
export async function updateProfile(ctx: Ctx, accountId: number, change: ProfileChange): Promise<Account> {
  const { displayName, summary, fields } = change;
  const [, , summaryHtml] = await checkAll(
    () => checkDisplayName(displayName),
    () => checkFields(fields),
    () => (summary === undefined ? undefined : renderSummary(ctx, summary)),
  );
  return inTransaction(ctx, async (tx) => {
    const account = await getAccount(tx.db, accountId);
    if (!isLocal(account)) throw new NotAllowed('Only local accounts are changed here');
    if (isInstanceActor(account)) throw new NotAllowed('The server itself has no profile to change');
    const { displayName: name = account.displayName, kind = account.kind, locked = account.locked } = change;
    await updateAccount(
      tx.db,
      accountId,
      {
        ...account,
        displayName: name.trim(),
        kind,
        locked,
        summaryHtml: summaryHtml ?? account.summaryHtml,
        summarySource: summary ?? account.summarySource,
        discoverable: change.discoverable ?? account.discoverable,
        indexable: change.indexable ?? account.indexable,
        hidesNetwork: change.hidesNetwork ?? account.hidesNetwork,
        fields: fields?.map((field) => ({ name: field.name, html: linkOrText(field.value) })) ?? account.fields,
      },
      tx.now(),
    );
    await tx.emit({ type: 'account.changed', accountId });
    return getAccount(tx.db, accountId);
  });
}

function checkDisplayName({ length }: string = ''): void {
  if (length > DISPLAY_NAME_LIMIT)
    throw new Invalid('displayName', `A name has at most ${DISPLAY_NAME_LIMIT} characters`, { length });
}

function checkFields(fields: ProfileChange['fields'] = []): void {
  const isTooLong = fields.some((field) => field.name.length > FIELD_LIMIT || field.value.length > FIELD_LIMIT);
  if (fields.length > FIELDS_LIMIT || isTooLong)
    throw new Invalid('fields', `There can be ${FIELDS_LIMIT} fields of ${FIELD_LIMIT} characters`);
}

/** @throws Invalid */
async function renderSummary(ctx: Ctx, summary: string): Promise<string> {
  const { length } = summary;
  if (length > SUMMARY_LIMIT)
    throw new Invalid('summary', `A description has at most ${SUMMARY_LIMIT} characters`, { length });
  if (summary.trim() === '') return '';
  const rules = { field: 'summary', mentionLimit: MENTION_LIMIT, hashtagLimit: HASHTAG_LIMIT };
  return (await renderLinkedText(ctx, summary, rules)).rendered.html;
}

function linkOrText(value: string): string {
  const text = escapeHtml(value);
  return /^https?:\/\/[^\s<>"]+$/.test(value)
    ? `<a href="${text}" rel="me nofollow noopener noreferrer" target="_blank">${text}</a>`
    : text;
}
