/** What an actor is: a person, a program, a community, an organisation, or the server itself. */
export const accountKinds = ['person', 'service', 'group', 'organization', 'application'] as const;
export type AccountKind = (typeof accountKinds)[number];

export interface ProfileField {
  name: string;
  /** Sanitised HTML. */
  html: string;
}

export interface CustomEmoji {
  /** Without colons. */
  shortcode: string;
  url: string;
}

/** Somebody who posts: local or remote. */
export interface Account {
  id: number;
  kind: AccountKind;
  username: string;
  /** Host part of the handle; '' for local accounts. */
  host: string;
  /** ActivityPub id. */
  uri: string;
  /** Page for people. */
  url: string;
  displayName: string;
  summaryHtml: string;
  summarySource: string;
  avatarUrl: string | undefined;
  headerUrl: string | undefined;
  fields: readonly ProfileField[];
  emojis: readonly CustomEmoji[];
  alsoKnownAs: readonly string[];
  /** Follows wait for approval. */
  locked: boolean;
  discoverable: boolean;
  indexable: boolean;
  /** Followers and followed accounts are not listed. */
  hidesNetwork: boolean;
  inbox: string | undefined;
  sharedInbox: string | undefined;
  outbox: string | undefined;
  followersUri: string | undefined;
  followingUri: string | undefined;
  featuredUri: string | undefined;
  followersCount: number;
  followingCount: number;
  /** Reblogs included, direct messages not. */
  postsCount: number;
  lastPostAt: number | undefined;
  createdAt: number;
  /** Changes whenever anything shown of the account does. */
  version: number;
  /** When a remote account was last read from its server. */
  fetchedAt: number | undefined;
  deletedAt: number | undefined;
}

export function isLocal(account: Pick<Account, 'host'>): boolean {
  return account.host === '';
}

/** Name of the account that stands for the server itself: it signs what the server fetches. */
export const INSTANCE_ACTOR = 'instance';

/** Whether it is the server's own account, which does nothing that people do. By its name, which is nobody else's: kinds can change. */
export function isInstanceActor(account: Pick<Account, 'username' | 'host'>): boolean {
  return isLocal(account) && account.username === INSTANCE_ACTOR;
}

/** `name` or `name@host`, without a leading @. */
export function handleOf(account: Pick<Account, 'username' | 'host'>): string {
  return isLocal(account) ? account.username : `${account.username}@${account.host}`;
}

export const USERNAME_LIMIT = 30;
const username = new RegExp(`^[a-z0-9_]{1,${USERNAME_LIMIT}}$`, 'i');

/** Names that would be taken for the server, or collide with what it uses. */
const reserved = new Set([
  INSTANCE_ACTOR,
  'actor',
  'inbox',
  'admin',
  'administrator',
  'root',
  'system',
  'parvis',
  'support',
  'moderator',
  'me',
  'null',
  'undefined',
]);

/** Why `name` cannot be a local account's name; undefined if it can. */
export function usernameProblem(name: string): string | undefined {
  if (!username.test(name)) return `A name has 1 to ${USERNAME_LIMIT} letters a-z, digits or underscores`;
  return reserved.has(name.toLowerCase()) ? `The name ${name} is reserved` : undefined;
}
