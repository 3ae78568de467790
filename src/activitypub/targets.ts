import { findActorStamp, findOutboxStamp, findPostStamp } from '#activitypub/stamp-store.ts';
import type { Ctx } from '#context.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { canSee, type Viewer } from '#domain/posts/post-policy.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { isRestricted } from '#domain/posts/post.ts';
import { parseId } from '#lib/id.ts';

export type TargetKind = 'actor' | 'post' | 'post-activity' | 'activity' | 'outbox' | 'network' | 'featured' | 'liked';

/** What a path of the fediverse's names. */
export interface Target {
  kind: TargetKind;
  id: number;
  /** The path under which Fedify knows it. */
  path: string;
  /** Whether people find a page at the same URL. */
  hasPage: boolean;
}

const USER = /^\/users\/([1-9]\d{0,15})(?:\/(outbox|followers|following|featured|liked))?$/;
const POST = /^\/posts\/([1-9]\d{0,15})(\/activity)?$/;
const ACTIVITY = /^\/activities\/([1-9]\d{0,15})$/;
const HANDLE = /^\/@([a-z0-9_]{1,30})(?:\/([1-9]\d{0,15}))?$/i;

const collectionKinds = {
  outbox: 'outbox',
  followers: 'network',
  following: 'network',
  featured: 'featured',
  liked: 'liked',
} as const;

/** Undefined for whatever is not ours to answer. Reads nothing but the path, so that it says nothing of what exists. */
export function parsePath(path: string): Target | { username: string; postId: number | undefined } | undefined {
  const [, userId, collection] = USER.exec(path) ?? [];
  if (userId !== undefined) {
    const kind = collection === undefined ? 'actor' : collectionKinds[collection as keyof typeof collectionKinds];
    return { kind, id: Number(userId), path, hasPage: kind === 'actor' };
  }
  const [, postId, activity] = POST.exec(path) ?? [];
  if (postId !== undefined) {
    return {
      kind: activity === undefined ? 'post' : 'post-activity',
      id: Number(postId),
      path,
      hasPage: activity === undefined,
    };
  }
  const [, activityId] = ACTIVITY.exec(path) ?? [];
  if (activityId !== undefined) return { kind: 'activity', id: Number(activityId), path, hasPage: false };
  const [, username, pageId] = HANDLE.exec(path) ?? [];
  return username === undefined ? undefined : { username, postId: parseId(pageId) };
}

/** What a page of people is in the fediverse: `/@name`, `/@name/id`. A post is found under its author's name only. */
export async function resolvePage(
  ctx: Ctx,
  page: { username: string; postId: number | undefined },
): Promise<Target | undefined> {
  const account = await findAccountByHandle(ctx.db, page.username, '');
  if (!account) return undefined;
  if (page.postId === undefined) return { kind: 'actor', id: account.id, path: `/users/${account.id}`, hasPage: true };
  const post = await findPost(ctx.db, page.postId);
  if (post?.accountId !== account.id) return undefined;
  return { kind: 'post', id: post.id, path: `/posts/${post.id}`, hasPage: true };
}

/** Where a target stands in the database: for the cache, and to know whose it is. */
export interface Standing {
  /** Changes with what everybody may see of it; undefined where that is nothing, or not worth keeping. */
  stamp: string | undefined;
  /** Whose it is: those whom this account blocks see none of it. Undefined for actors, whose keys everybody needs. */
  ownerId: number | undefined;
  /** Whether only some may see it, so that nobody in particular need not ask further. */
  isRestricted: boolean;
}

/** Undefined where there is no such thing. `cursor` is that of a collection's page. */
export async function findStanding(
  ctx: Ctx,
  { kind, id }: Target,
  cursor: string | undefined,
): Promise<Standing | undefined> {
  switch (kind) {
    case 'post':
    case 'post-activity':
      return findPostStanding(ctx, id);
    case 'activity':
      return { stamp: undefined, ownerId: undefined, isRestricted: false };
    default: {
      const row = await findActorStamp(ctx.db, id);
      if (!row) return undefined;
      const standing = { ownerId: kind === 'actor' ? undefined : id, isRestricted: false };
      // A count that no version follows; and a deleted actor, whose key is shown until the farewell is delivered.
      if (kind === 'liked' || (kind === 'actor' && row.deletedAt !== null)) return { ...standing, stamp: undefined };
      if (kind !== 'outbox' || cursor === undefined) return { ...standing, stamp: String(row.version) };
      // Edits change posts, and not the account.
      const before = parseId(cursor) ?? Number.MAX_SAFE_INTEGER;
      // Reblogs of what is of a blocked domain are left out.
      const blocks = ctx.blockedHosts.version;
      return { ...standing, stamp: `${row.version} ${blocks} ${await findOutboxStamp(ctx.db, id, before)}` };
    }
  }
}

/** Whether `viewer` may see a target that only some may see. */
export async function isVisibleTo(ctx: Ctx, viewer: Viewer, { id }: Target): Promise<boolean> {
  const post = await findPost(ctx.db, id);
  return post !== undefined && canSee(ctx.db, viewer, post);
}

async function findPostStanding(ctx: Ctx, id: number): Promise<Standing | undefined> {
  const row = await findPostStamp(ctx.db, id);
  if (!row) return undefined;
  if (isRestricted(row.visibility)) return { stamp: undefined, ownerId: row.accountId, isRestricted: true };
  const blocks = row.originalVersion === null ? '' : ctx.blockedHosts.version;
  const stamp = `${row.version} ${row.accountDeletedAt ?? ''} ${row.originalVersion ?? ''} ${blocks}`;
  return { stamp, ownerId: row.accountId, isRestricted: false };
}
