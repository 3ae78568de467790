import { type Ctx, inTransaction } from '#context.ts';
import { isInstanceActor, isLocal } from '#domain/accounts/account.ts';
import { addToCounters, getAccount } from '#domain/accounts/account-store.ts';
import { Conflict, Invalid, NotAllowed, NotFound } from '#domain/errors.ts';
import { isBlockBetween } from '#domain/blocks/block-store.ts';
import {
  acceptFollowRow,
  deleteFollowRow,
  findFollow,
  type Follow,
  insertFollow,
  updateFollowUri,
} from '#domain/relationships/follow-store.ts';
import { deleteNotification } from '#domain/notifications/notification-store.ts';
import { notify } from '#domain/notifications/notify.ts';
import { deleteHomePostsOf } from '#domain/home/home-store.ts';
import { localUrls } from '#domain/urls.ts';

/** How many accounts one may follow: above it, following is a way of crawling. */
const FOLLOWING_LIMIT = 7_500;

export type FollowState = 'none' | 'requested' | 'following';

/**
 * `followerId` follows `targetId`: at once, or as a request where the target approves followers or is on another server (which then
 * accepts or rejects). Following twice changes nothing; `uri` is the Follow activity of a remote follower.
 * @throws NotFound, Invalid (oneself), NotAllowed (blocked).
 */
export async function follow(ctx: Ctx, followerId: number, targetId: number, uri?: string): Promise<FollowState> {
  if (followerId === targetId) throw new Invalid('account', 'One cannot follow oneself');
  return inTransaction(ctx, async (tx) => {
    const target = await getAccount(tx.db, targetId);
    const follower = await getAccount(tx.db, followerId);
    if (isInstanceActor(target)) throw new NotAllowed('The server itself cannot be followed');
    if (isInstanceActor(follower)) throw new NotAllowed('The server itself follows nobody');
    if (await isBlockBetween(tx.db, followerId, targetId)) throw new NotAllowed('You cannot follow this account');
    const existing = await findFollow(tx.db, followerId, targetId);
    if (existing) {
      if (uri !== undefined && uri !== existing.uri) await updateFollowUri(tx.db, existing.id, uri);
      // The other server asks again, so it has not heard our answer.
      if (uri !== undefined && existing.accepted) await tx.emit({ type: 'follow.accepted', followId: existing.id });
      return existing.accepted ? 'following' : 'requested';
    }
    if (isLocal(follower) && follower.followingCount >= FOLLOWING_LIMIT) {
      throw new NotAllowed(`One can follow ${FOLLOWING_LIMIT} accounts at most`);
    }
    const id = tx.ids.next();
    const row: Follow = {
      id,
      followerId,
      targetId,
      uri: uri ?? localUrls(ctx.config).activity(id),
      accepted: false,
      createdAt: ctx.now(),
    };
    await insertFollow(tx.db, { ...row, followerIsLocal: isLocal(follower) });
    await tx.emit({ type: 'follow.requested', followId: id });
    if (isLocal(target) && !target.locked) {
      await accept(tx, row);
      return 'following';
    }
    await notify(tx, { to: target, kind: 'follow-request', from: followerId });
    return 'requested';
  });
}

/** The target approves a request. Accepting twice changes nothing. @throws NotFound */
export async function acceptFollow(ctx: Ctx, targetId: number, followerId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const request = await findFollow(tx.db, followerId, targetId);
    if (!request) throw new NotFound('Follow request');
    if (!request.accepted) await accept(tx, request);
  });
}

async function accept(tx: Ctx, request: Follow): Promise<void> {
  if (!(await acceptFollowRow(tx.db, request.id))) return;
  const version = tx.now();
  await addToCounters(tx.db, request.followerId, { following: 1, version });
  await addToCounters(tx.db, request.targetId, { followers: 1, version });
  await forgetRequest(tx, request);
  await notify(tx, { to: await getAccount(tx.db, request.targetId), kind: 'follow', from: request.followerId });
  await tx.emit({ type: 'follow.accepted', followId: request.id });
}

/** The target refuses a request, or sends a follower away. @throws NotFound */
export async function rejectFollow(ctx: Ctx, targetId: number, followerId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await findFollow(tx.db, followerId, targetId);
    if (!row) throw new NotFound('Follow request');
    await removeFollow(tx, row);
    await tx.emit({ type: 'follow.rejected', accountId: targetId, followerId, uri: row.uri });
  });
}

/** `followerId` stops following `targetId`, or withdraws the request. Doing so twice changes nothing. */
export async function unfollow(ctx: Ctx, followerId: number, targetId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await findFollow(tx.db, followerId, targetId);
    if (!row) return;
    await removeFollow(tx, row);
    await tx.emit({ type: 'follow.withdrawn', accountId: followerId, targetId, uri: row.uri });
  });
}

/** Takes a follow away with what it brought: counters and home rows. Also when a block ends it. */
export async function removeFollow(tx: Ctx, row: Follow): Promise<void> {
  if (!(await deleteFollowRow(tx.db, row.id))) throw new Conflict('Changed meanwhile, try again');
  await forgetRequest(tx, row);
  if (!row.accepted) return;
  const version = tx.now();
  await addToCounters(tx.db, row.followerId, { following: -1, version });
  await addToCounters(tx.db, row.targetId, { followers: -1, version });
  await deleteHomePostsOf(tx.db, row.followerId, row.targetId);
}

/** An answered or withdrawn request is no longer news. */
function forgetRequest(tx: Ctx, row: Follow): Promise<void> {
  return deleteNotification(tx.db, { kind: 'follow-request', from: row.followerId, to: row.targetId });
}
