import type { Config, RegistrationMode } from '#config.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { checkAll, Invalid } from '#domain/errors.ts';
import { INSTANCE_SETTINGS, readSetting, writeSetting } from '#domain/instance/setting-store.ts';
import { isEmail } from '#lib/email.ts';

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
  const settings = {
    ...defaultSettings(ctx.config),
    ...(await readSetting<Partial<InstanceSettings>>(ctx.db, INSTANCE_SETTINGS)),
  };
  // The operator's word at start goes before the owner's in the browser.
  return { ...settings, registration: ctx.config.registration ?? settings.registration };
}

/** Until the owner has said anything. */
export function defaultSettings({ host }: Pick<Config, 'host'>): InstanceSettings {
  return {
    name: host,
    description: '',
    rules: [],
    registration: 'closed',
    contactEmail: '',
    indexing: 'allowed',
    version: 0,
  };
}

/** Changes some of the settings. @throws Invalid */
export async function updateSettings(
  ctx: Ctx,
  change: Partial<Omit<InstanceSettings, 'version'>>,
): Promise<InstanceSettings> {
  await checkAll(
    () => checkName(change.name),
    () => checkDescription(change.description),
    () => checkRules(change.rules),
    () => checkContact(change.contactEmail),
  );
  return inTransaction(ctx, async (tx) => {
    const stored = await readSetting<Partial<InstanceSettings>>(tx.db, INSTANCE_SETTINGS);
    await writeSetting(tx.db, INSTANCE_SETTINGS, {
      ...stored,
      ...change,
      version: Math.max(tx.now(), (stored?.version ?? 0) + 1),
    });
    return getSettings(tx);
  });
}

function checkName(name = 'unchanged'): void {
  const { length } = name;
  if (name.trim() === '' || length > NAME_LIMIT)
    throw new Invalid('name', `A name has 1 to ${NAME_LIMIT} characters`, { length });
}

function checkDescription({ length }: string = ''): void {
  if (length > DESCRIPTION_LIMIT)
    throw new Invalid('description', `A description has at most ${DESCRIPTION_LIMIT} characters`, { length });
}

function checkRules(rules: readonly string[] = []): void {
  const { length } = rules;
  if (length > RULES_LIMIT) throw new Invalid('rules', `There can be at most ${RULES_LIMIT} rules`, { length });
  const at = rules.findIndex((rule) => rule.length > RULE_LIMIT) + 1;
  if (at > 0) {
    throw new Invalid('rules', `A rule has at most ${RULE_LIMIT} characters, and rule ${at} has more`, {
      reason: 'rule',
      length: rules[at - 1]!.length,
      at,
    });
  }
}

function checkContact(address = ''): void {
  if (address !== '' && !isEmail(address)) throw new Invalid('contactEmail', `${address} is not an e-mail address`);
}
