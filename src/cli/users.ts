import type { Core } from '#core.ts';
import { handleOf } from '#domain/accounts/account.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { type ProfileChange, updateProfile } from '#domain/accounts/update-profile.ts';
import { changePassword } from '#domain/sign-in/change-password.ts';
import { createToken } from '#domain/sign-in/create-token.ts';
import { createUser } from '#domain/sign-in/create-user.ts';
import { changeRole, disableUser, enableUser } from '#domain/sign-in/manage-user.ts';
import { type UserRole, userRoles } from '#domain/sign-in/user.ts';
import { listUsers } from '#domain/sign-in/user-store.ts';
import { type Answer, UsageError } from '#cli/command.ts';
import { accountText, toAccountJson } from '#cli/present.ts';
import { resolveAccount, resolveLocal } from '#cli/resolve.ts';
import { CommandError, isoOf, minuteOf, optionalIso, readSecretLine, table } from '#cli/terminal.ts';

interface PasswordOptions {
  password?: string;
  'password-stdin'?: boolean;
}

interface NewUserOptions extends PasswordOptions {
  email: string;
  role?: UserRole;
}

export async function create({ ctx }: Core, [name]: [string], options: NewUserOptions): Promise<Answer> {
  const { email, role = 'user' } = options;
  const password = await readPassword(options);
  const account = await createUser(ctx, { username: name, email, password, role });
  return {
    json: {
      id: String(account.id),
      name: account.username,
      handle: `${account.username}@${ctx.config.host}`,
      url: account.url,
      email,
      role,
    },
    text: `Created @${account.username}@${ctx.config.host} (${role}): ${account.url}`,
  };
}

export async function setPassword({ ctx }: Core, [name]: [string], options: PasswordOptions): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  await changePassword(ctx, account.id, await readPassword(options));
  return {
    json: { name: account.username, changed: true },
    text: `${account.username} has a new password and is signed out everywhere`,
  };
}

async function readPassword({ password, 'password-stdin': fromInput = false }: PasswordOptions): Promise<string> {
  if ((password !== undefined) === fromInput) throw new UsageError('Write either --password P or --password-stdin');
  return password ?? readSecretLine('Password: ');
}

export async function listAll({ ctx }: Core): Promise<Answer> {
  const users = await listUsers(ctx.db);
  const json = users.map((user) => ({
    id: String(user.accountId),
    name: user.username,
    email: user.email,
    role: user.role,
    disabledAt: optionalIso(user.disabledAt),
    createdAt: isoOf(user.createdAt),
  }));
  const rows = users.map((user) => [
    user.username,
    user.role,
    user.email,
    `since ${minuteOf(user.createdAt)}`,
    user.disabledAt === undefined ? '' : 'disabled',
  ]);
  return { json, text: users.length === 0 ? 'Nobody yet: "parvis user create" makes the first' : table(rows) };
}

export async function setRole({ ctx }: Core, [name, role]: [string, string]): Promise<Answer> {
  if (!isRole(role)) throw new UsageError(`${role} is not a role: write ${userRoles.join(', ')}`);
  const account = await resolveLocal(ctx, name);
  await changeRole(ctx, account.id, role);
  return { json: { name: account.username, role }, text: `${account.username} is now ${role}` };
}

function isRole(text: string): text is UserRole {
  return (userRoles as readonly string[]).includes(text);
}

export async function disable({ ctx }: Core, [name]: [string]): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  await disableUser(ctx, account.id);
  return {
    json: { name: account.username, disabled: true },
    text: `${account.username} is signed out everywhere and cannot sign in`,
  };
}

export async function enable({ ctx }: Core, [name]: [string]): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  await enableUser(ctx, account.id);
  return { json: { name: account.username, disabled: false }, text: `${account.username} can sign in again` };
}

export async function remove({ ctx }: Core, [name]: [string], { yes }: { yes?: boolean }): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  if (!yes) {
    throw new CommandError(
      `${account.username} and ${account.postsCount} posts would be gone for good: add --yes if that is meant`,
    );
  }
  await deleteAccount(ctx, account.id);
  return { json: { name: account.username, deleted: true }, text: `${account.username} is deleted; the posts follow` };
}

interface TokenOptions {
  scopes: string;
  app?: string;
  token?: string;
  'client-id'?: string;
  'client-secret'?: string;
}

export async function grantToken({ ctx }: Core, [name]: [string], options: TokenOptions): Promise<Answer> {
  const account = await resolveLocal(ctx, name);
  const { scopes, app, token: chosen } = options;
  const token = await createToken(ctx, account.id, {
    scopes,
    app,
    token: chosen,
    clientId: options['client-id'],
    clientSecret: options['client-secret'],
  });
  return { json: { name: account.username, scopes: scopes.split(/\s+/).filter(Boolean), token }, text: token };
}

interface ProfileOptions {
  'display-name'?: string;
  bio?: string;
  field?: string[];
  locked?: 'yes' | 'no';
  discoverable?: 'yes' | 'no';
  indexable?: 'yes' | 'no';
  'hide-network'?: 'yes' | 'no';
  kind?: 'person' | 'service' | 'group' | 'organization';
}

export async function profile({ ctx }: Core, [name]: [string], options: ProfileOptions): Promise<Answer> {
  const change = readChange(options);
  const shown =
    Object.keys(change).length === 0
      ? await resolveAccount(ctx, name)
      : await updateProfile(ctx, (await resolveLocal(ctx, name)).id, change);
  return { json: { ...toAccountJson(shown), handle: handleOf(shown) }, text: accountText(shown) };
}

function readChange(options: ProfileOptions): ProfileChange {
  const { bio, field, kind } = options;
  const yes = (name: 'locked' | 'discoverable' | 'indexable' | 'hide-network') => options[name] === 'yes';
  return {
    ...(options['display-name'] === undefined ? {} : { displayName: options['display-name'] }),
    ...(bio === undefined ? {} : { summary: bio }),
    ...(field === undefined ? {} : { fields: field.filter((text) => text !== '').map(readField) }),
    ...(kind === undefined ? {} : { kind }),
    ...(options.locked === undefined ? {} : { locked: yes('locked') }),
    ...(options.discoverable === undefined ? {} : { discoverable: yes('discoverable') }),
    ...(options.indexable === undefined ? {} : { indexable: yes('indexable') }),
    ...(options['hide-network'] === undefined ? {} : { hidesNetwork: yes('hide-network') }),
  };
}

function readField(text: string): { name: string; value: string } {
  const split = text.indexOf('=');
  if (split < 1) throw new UsageError(`--field ${text}: write NAME=VALUE, or --field "" for none`);
  return { name: text.slice(0, split).trim(), value: text.slice(split + 1).trim() };
}
