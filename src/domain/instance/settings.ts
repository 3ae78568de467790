import type { RegistrationMode } from '#config.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { Invalid } from '#domain/errors.ts';
import { readSetting, writeSetting } from '#domain/instance/setting-store.ts';
import { isEmail } from '#domain/sign-in/user.ts';

/** What the owner says of this place. */
export interface InstanceSettings {
  name: string;
  /** Plain text: shown on the front page and in NodeInfo. */
  description: string;
  rules: readonly string[];
  registration: RegistrationMode;
  /** Whom to write to; shown on the about page. */
  contactEmail: string;
  /** Whether search engines may index the public pages of those who agree. */
  indexing: 'allowed' | 'refused';
  /** Changes with every change. */
  version: number;
}

const NAME_LIMIT = 80;
const DESCRIPTION_LIMIT = 2_000;
const RULES_LIMIT = 30;
const RULE_LIMIT = 400;

export async function getSettings(ctx: Ctx): Promise<InstanceSettings> {
  const stored = await readSetting<Partial<InstanceSettings>>(ctx.db, 'instance');
  const settings = {
    name: ctx.config.host,
    description: '',
    rules: [],
    registration: 'closed',
    contactEmail: '',
    indexing: 'allowed',
    version: 0,
    ...stored,
  };
  // The operator's word at start goes before the owner's in the browser.
  return { ...settings, registration: ctx.config.registration ?? settings.registration } as InstanceSettings;
}

/** Changes some of the settings. @throws Invalid */
export async function updateSettings(
  ctx: Ctx,
  change: Partial<Omit<InstanceSettings, 'version'>>,
): Promise<InstanceSettings> {
  const { name, description, rules } = change;
  if (name !== undefined && (name.trim() === '' || name.length > NAME_LIMIT))
    throw new Invalid('name', `A name has 1 to ${NAME_LIMIT} characters`);
  if (description !== undefined && description.length > DESCRIPTION_LIMIT) {
    throw new Invalid('description', `A description has at most ${DESCRIPTION_LIMIT} characters`);
  }
  if (rules && (rules.length > RULES_LIMIT || rules.some((rule) => rule.length > RULE_LIMIT))) {
    throw new Invalid('rules', `There can be ${RULES_LIMIT} rules of ${RULE_LIMIT} characters`);
  }
  if (change.contactEmail !== undefined && change.contactEmail !== '' && !isEmail(change.contactEmail)) {
    throw new Invalid('contactEmail', `${change.contactEmail} is not an e-mail address`);
  }
  return inTransaction(ctx, async (tx) => {
    const stored = await readSetting<Partial<InstanceSettings>>(tx.db, 'instance');
    await writeSetting(tx.db, 'instance', {
      ...stored,
      ...change,
      version: Math.max(tx.now(), (stored?.version ?? 0) + 1),
    });
    return getSettings(tx);
  });
}
