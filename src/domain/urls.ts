import type { Config } from '#config.ts';
import { type Handle, originOf, parseHandle } from '#lib/host.ts';
import { parseId } from '#lib/id.ts';

/**
 * The URLs this server gives to what it holds. Ids of actors and posts are immutable: a name that is given to somebody else later is
 * never the same actor. People see the addresses with names.
 */
export interface LocalUrls {
  actor(accountId: number): string;
  inbox(accountId: number): string;
  readonly sharedInbox: string;
  outbox(accountId: number): string;
  followers(accountId: number): string;
  following(accountId: number): string;
  featured(accountId: number): string;
  liked(accountId: number): string;
  /** Key of an actor, as named in signatures. */
  key(accountId: number, fragment: 'main-key' | 'ed25519-key'): string;
  post(postId: number): string;
  /** Every activity but Create is known by the id of its row. */
  activity(id: number): string;
  /** The Create (or Announce) of a post. */
  postActivity(postId: number): string;
  profilePage(username: string): string;
  postPage(username: string, postId: number): string;
  hashtagPage(tag: string): string;
}

export function localUrls({ origin }: Pick<Config, 'origin'>): LocalUrls {
  const actor = (accountId: number) => `${origin}/users/${accountId}`;
  const post = (postId: number) => `${origin}/posts/${postId}`;
  return {
    actor,
    inbox: (accountId) => `${actor(accountId)}/inbox`,
    sharedInbox: `${origin}/inbox`,
    outbox: (accountId) => `${actor(accountId)}/outbox`,
    followers: (accountId) => `${actor(accountId)}/followers`,
    following: (accountId) => `${actor(accountId)}/following`,
    featured: (accountId) => `${actor(accountId)}/featured`,
    liked: (accountId) => `${actor(accountId)}/liked`,
    key: (accountId, fragment) => `${actor(accountId)}#${fragment}`,
    post,
    activity: (id) => `${origin}/activities/${id}`,
    postActivity: (postId) => `${post(postId)}/activity`,
    profilePage: (username) => `${origin}/@${username}`,
    postPage: (username, postId) => `${origin}/@${username}/${postId}`,
    hashtagPage: (tag) => `${origin}/tags/${encodeURIComponent(tag)}`,
  };
}

/** What one of our own addresses names, by id or by name. */
export type LocalName = { accountId: number } | { postId: number } | { handle: Handle };

/** Reads what `localUrls` writes for actors and posts, in either spelling. Undefined for every other address. */
export function parseLocalUrl({ origin }: Pick<Config, 'origin'>, url: string): LocalName | undefined {
  if (originOf(url) !== origin) return undefined;
  const [, kind, number] = /^\/(users|posts|@[^/]+)(?:\/(\d+))?$/.exec(new URL(url).pathname) ?? [];
  if (kind === undefined) return undefined;
  const id = parseId(number);
  if (id !== undefined) return kind === 'users' ? { accountId: id } : { postId: id };
  const handle = number === undefined && kind.startsWith('@') ? parseHandle(kind) : undefined;
  return handle && { handle };
}
