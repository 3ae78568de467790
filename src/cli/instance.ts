import { registrationModes } from '#config.ts';
import type { Core } from '#core.ts';
import { blockDomain, listDomainBlocks, unblockDomain } from '#domain/instance/domain-block.ts';
import { getSettings, type InstanceSettings, updateSettings } from '#domain/instance/settings.ts';
import { ensureOwnerLink } from '#domain/sign-in/owner-link.ts';
import { type Answer, UsageError } from '#cli/command.ts';
import { CommandError, forTerminal, isoOf, minuteOf, table } from '#cli/terminal.ts';

type Change = Parameters<typeof updateSettings>[1];

/** What each key of `settings set` means. */
const keys: Readonly<Record<string, (value: string) => Change>> = {
  name: (name) => ({ name }),
  description: (description) => ({ description }),
  rules: (value) => ({
    rules: value
      .split('\n')
      .map((rule) => rule.trim())
      .filter((rule) => rule !== ''),
  }),
  registration: (value) => ({ registration: oneOf(value, registrationModes) }),
  'contact-email': (contactEmail) => ({ contactEmail }),
  indexing: (value) => ({ indexing: oneOf(value, ['allowed', 'refused']) }),
};

export async function show({ ctx }: Core): Promise<Answer> {
  return shown(await getSettings(ctx));
}

export async function set({ ctx }: Core, [key, value]: [string, string]): Promise<Answer> {
  const read = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (!read) throw new UsageError(`${key} is not a setting: write ${Object.keys(keys).join(', ')}`);
  const settings = await updateSettings(ctx, read(value));
  if (key === 'registration' && settings.registration !== value) {
    process.stderr.write(`The environment says REGISTRATION=${settings.registration}, which goes first\n`);
  }
  return shown(settings);
}

function shown(settings: InstanceSettings): Answer {
  const { name, description, rules, registration, contactEmail, indexing } = settings;
  const json = { name, description, rules, registration, 'contact-email': contactEmail, indexing };
  const rows = Object.entries(json).map(([key, value]) => [key, typeof value === 'string' ? value : value.join(' / ')]);
  return { json, text: forTerminal(table(rows)) };
}

function oneOf<T extends string>(value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`${value} is not possible: write ${choices.join(', ')}`);
  return found;
}

export async function blockHost({ ctx }: Core, [host]: [string], { reason }: { reason?: string }): Promise<Answer> {
  const block = await blockDomain(ctx, host, reason);
  return {
    json: { host: block.host, reason: block.reason, blocked: true },
    text: `${block.host} and its subdomains are blocked`,
  };
}

export async function unblockHost({ ctx }: Core, [host]: [string]): Promise<Answer> {
  await unblockDomain(ctx, host);
  return { json: { host, blocked: false }, text: `${host} is blocked no more` };
}

export async function listHosts({ ctx }: Core): Promise<Answer> {
  const blocks = await listDomainBlocks(ctx);
  return {
    json: blocks.map(({ host, reason, createdAt }) => ({ host, reason, createdAt: isoOf(createdAt) })),
    text:
      blocks.length === 0
        ? 'None'
        : table(blocks.map(({ host, reason, createdAt }) => [host, minuteOf(createdAt), reason])),
  };
}

export async function ownerLink({ ctx }: Core): Promise<Answer> {
  const link = await ensureOwnerLink(ctx);
  if (link === undefined)
    throw new CommandError('There is an owner already: "parvis user role NAME owner" makes another');
  return { json: { link }, text: link };
}
