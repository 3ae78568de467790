import {
  audienceOfDeletion,
  audienceOfEdit,
  audienceOfFarewell,
  audienceOfOne,
  audienceOfPost,
  audienceOfProfile,
  audienceOfReblog,
} from '#activitypub/audience.ts';
import {
  type Personal,
  toActorDelete,
  toActorUpdate,
  toAnnounce,
  toAnswer,
  toCreate,
  toDelete,
  toFeaturedChange,
  toPersonal,
  toUndo,
  toUndoAnnounce,
  toUpdate,
} from '#activitypub/objects/activity.ts';
import { toActor } from '#activitypub/objects/actor.ts';
import { enqueueActivity, type Outgoing, toOutgoing } from '#activitypub/outgoing.ts';
import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findAccount, listAccounts } from '#domain/accounts/account-store.ts';
import { listKeys } from '#domain/accounts/key-store.ts';
import type { EventOf, EventType } from '#domain/events.ts';
import { findFavourite, findFavouriteById } from '#domain/posts/favourite-store.ts';
import { hasFormerMentions, listMentionedIds } from '#domain/posts/mention-store.ts';
import { isPinned } from '#domain/posts/pin-store.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { isReblog, type Post, type ReblogPost } from '#domain/posts/post.ts';
import { viewPost } from '#domain/posts/post-view.ts';
import { findBlock, findBlockById } from '#domain/blocks/block-store.ts';
import { type Follow, findFollow, findFollowById } from '#domain/relationships/follow-store.ts';
import { localUrls } from '#domain/urls.ts';

/*
 * What is told to other servers when something happened here. Each function renders the activity from what the database says by now;
 * undefined where there is nothing to tell: it was somebody else's server's doing, or is undone already.
 *
 * Of a state that comes and goes, such as a follow, only the last word is of use: it takes back what still waits, of the same two. Both
 * ways it is asked first whether that is still so, as jobs may overtake each other. The word itself is always sent: what is taken back may
 * have arrived although it seemed to fail. Its name begins with the URI of the local account, so that nobody elsewhere can choose it.
 */

function lastWord(account: Pick<Account, 'uri'>, state: string, objectId: number) {
  const about = `${account.uri}#${state}/${objectId}`;
  // A block ends what was between the two.
  const ended = state === 'Block' ? ['Follow', 'follower'].map((other) => `${account.uri}#${other}/${objectId}`) : [];
  return { about, withdraws: [about, ...ended] };
}

type Rendering<T extends EventType> = (ctx: Ctx, event: EventOf<T>) => Promise<Outgoing | undefined>;

/** The two steps of a job: rendered first, and handed to the sender in the transaction that ends the job. */
export function federate<T extends EventType>(render: Rendering<T>) {
  return {
    prepare: render,
    async apply(tx: Ctx, _event: EventOf<T>, outgoing: Outgoing | undefined): Promise<void> {
      if (outgoing) await enqueueActivity(tx, outgoing);
    },
  };
}

export const federatePost: Rendering<'post.published'> = async (ctx, { postId }) => {
  const post = await findOwnPost(ctx, postId);
  const view = post && post.deletedAt === undefined ? await viewPost(ctx, undefined, post) : undefined;
  if (!view) return undefined;
  if (view.reblogOf)
    return toOutgoing(view.account.id, toAnnounce(view), audienceOfReblog(view.account.id, view.reblogOf.post.id), {
      about: view.post.uri,
    });
  const activity = toCreate(localUrls(ctx.config).postActivity(postId), view, ctx.config.origin);
  return toOutgoing(view.account.id, activity, audienceOfPost(view.post), { about: view.post.uri });
};

export const federateEdit: Rendering<'post.edited'> = async (ctx, { postId }) => {
  const post = await findOwnPost(ctx, postId);
  const view = post && post.deletedAt === undefined ? await viewPost(ctx, undefined, post) : undefined;
  if (!view) return undefined;
  const activity = toUpdate(newId(ctx), view, ctx.config.origin);
  const create = toCreate(localUrls(ctx.config).postActivity(postId), view, ctx.config.origin);
  return toOutgoing(view.account.id, activity, audienceOfEdit(view.post), { about: view.post.uri, create });
};

export const federateDelete: Rendering<'post.deleted'> = async (ctx, { postId }) => {
  const post = await findOwnPost(ctx, postId);
  const author = post && (await findActive(ctx, post.accountId));
  if (!post || !author) return undefined;
  if (isReblog(post)) return undoReblog(ctx, author, post);
  // Of what is not for everybody the deletion may also reach people who may not see it: then it does not say whom the post names.
  const reachesOthers =
    post.visibility === 'followers' || (post.visibility === 'direct' && (await hasFormerMentions(ctx.db, postId)));
  const named = reachesOthers ? [] : await listMentionedIds(ctx.db, postId);
  const mentions = await listAccounts(ctx.db, named);
  return toOutgoing(author.id, toDelete(newId(ctx), author, post, mentions), audienceOfDeletion(post), {
    about: post.uri,
    withdraws: [post.uri],
  });
};

async function undoReblog(ctx: Ctx, account: Account, reblog: ReblogPost): Promise<Outgoing | undefined> {
  const original = await findPost(ctx.db, reblog.reblogOfId);
  const originalAuthor = original && (await findAccount(ctx.db, original.accountId));
  if (!originalAuthor) return undefined;
  const activity = toUndoAnnounce(newId(ctx), account, reblog, { uri: original.uri, authorUri: originalAuthor.uri });
  return toOutgoing(account.id, activity, audienceOfReblog(account.id, original.id), {
    about: reblog.uri,
    withdraws: [reblog.uri],
  });
}

export const federateFavourite: Rendering<'post.favourited'> = async (ctx, { favouriteId }) => {
  const row = await findFavouriteById(ctx.db, favouriteId);
  return row && tell(ctx, await likeOf(ctx, row), toPersonal);
};

export const federateUnfavourite: Rendering<'post.unfavourited'> = async (ctx, event) => {
  if (await findFavourite(ctx.db, event.accountId, event.postId)) return undefined;
  return tell(ctx, await likeOf(ctx, event), (like) => toUndo(newId(ctx), like));
};

async function likeOf(ctx: Ctx, { accountId, postId, uri }: { accountId: number; postId: number; uri: string }) {
  const post = await findPost(ctx.db, postId);
  if (!post || post.deletedAt !== undefined) return undefined;
  return { type: 'Like' as const, id: uri, accountId, targetId: post.accountId, post };
}

export const federateFollow: Rendering<'follow.requested'> = async (ctx, { followId }) => {
  const row = await findFollowById(ctx.db, followId);
  return row && tell(ctx, followOf(row.followerId, row.targetId, row.uri), toPersonal);
};

export const federateUnfollow: Rendering<'follow.withdrawn'> = async (ctx, { accountId, targetId, uri }) => {
  if (await findFollow(ctx.db, accountId, targetId)) return undefined;
  return tell(ctx, followOf(accountId, targetId, uri), (follow) => toUndo(newId(ctx), follow));
};

function followOf(accountId: number, targetId: number, uri: string) {
  return { type: 'Follow' as const, id: uri, accountId, targetId };
}

export const federateAccept: Rendering<'follow.accepted'> = async (ctx, { followId }) => {
  const row = await findFollowById(ctx.db, followId);
  return row && answer(ctx, 'Accept', row);
};

export const federateReject: Rendering<'follow.rejected'> = async (ctx, { accountId, followerId, uri }) => {
  if ((await findFollow(ctx.db, followerId, accountId))?.accepted) return undefined;
  return answer(ctx, 'Reject', { followerId, targetId: accountId, uri });
};

async function answer(ctx: Ctx, type: 'Accept' | 'Reject', follow: Pick<Follow, 'followerId' | 'targetId' | 'uri'>) {
  const target = await findActive(ctx, follow.targetId);
  const follower = await findAccount(ctx.db, follow.followerId);
  if (!target || !follower) return undefined;
  const asked: Personal = { type: 'Follow', id: follow.uri, actor: follower, object: target.uri, to: target.uri };
  const topic = lastWord(target, 'follower', follower.id);
  return toOutgoing(target.id, toAnswer(type, newId(ctx), asked), audienceOfOne(follower.id), topic);
}

export const federateBlock: Rendering<'account.blocked'> = async (ctx, { blockId }) => {
  const row = await findBlockById(ctx.db, blockId);
  return row && tell(ctx, { type: 'Block', id: row.uri, accountId: row.accountId, targetId: row.targetId }, toPersonal);
};

export const federateUnblock: Rendering<'account.unblocked'> = async (ctx, { accountId, targetId, uri }) => {
  if (await findBlock(ctx.db, accountId, targetId)) return undefined;
  return tell(ctx, { type: 'Block', id: uri, accountId, targetId }, (block) => toUndo(newId(ctx), block));
};

/** Something between one local account and another one, told to that one only. */
async function tell(
  ctx: Ctx,
  told: { type: Personal['type']; id: string; accountId: number; targetId: number; post?: Post } | undefined,
  render: (activity: Personal) => ReturnType<typeof toPersonal>,
): Promise<Outgoing | undefined> {
  const actor = told && (await findActive(ctx, told.accountId));
  const target = told && (await findAccount(ctx.db, told.targetId));
  if (!actor || !target) return undefined;
  const { type, id, post } = told;
  const activity = render({ type, id, actor, object: post?.uri ?? target.uri, to: target.uri });
  return toOutgoing(actor.id, activity, audienceOfOne(target.id), lastWord(actor, type, post?.id ?? target.id));
}

export const federatePin: Rendering<'post.pinned'> = (ctx, event) => changeFeatured(ctx, 'Add', event);
export const federateUnpin: Rendering<'post.unpinned'> = (ctx, event) => changeFeatured(ctx, 'Remove', event);

async function changeFeatured(
  ctx: Ctx,
  type: 'Add' | 'Remove',
  { accountId, postId }: { accountId: number; postId: number },
) {
  const account = await findActive(ctx, accountId);
  const post = await findPost(ctx.db, postId);
  if (!account || !post || (await isPinned(ctx.db, accountId, postId)) !== (type === 'Add')) return undefined;
  const activity = toFeaturedChange(type, newId(ctx), account, post.uri);
  return toOutgoing(accountId, activity, audienceOfProfile(accountId), lastWord(account, 'featured', postId));
}

export const federateProfile: Rendering<'account.changed'> = async (ctx, { accountId }) => {
  const account = await findActive(ctx, accountId);
  if (!account) return undefined;
  const actor = toActor(account, await listKeys(ctx.db, accountId), ctx.config.host);
  const activity = toActorUpdate(newId(ctx), account, actor, account.version);
  const topic = { about: account.uri, withdraws: [account.uri] };
  return toOutgoing(accountId, activity, audienceOfProfile(accountId), topic);
};

export const federateAccountDeletion: Rendering<'account.deleted'> = async (ctx, { accountId }) => {
  const account = await findAccount(ctx.db, accountId);
  if (!account || !isLocal(account)) return undefined;
  return toOutgoing(accountId, toActorDelete(newId(ctx), account), audienceOfFarewell, { withdraws: 'everything' });
};

/** A post of a local account; deleted ones too. */
async function findOwnPost(ctx: Ctx, postId: number): Promise<Post | undefined> {
  const post = await findPost(ctx.db, postId);
  return post && (await findActive(ctx, post.accountId)) && post;
}

/** A local account that is not deleted: whose deletion was told has nothing more to say. */
async function findActive(ctx: Ctx, accountId: number): Promise<Account | undefined> {
  const account = await findAccount(ctx.db, accountId);
  return account && isLocal(account) && account.deletedAt === undefined ? account : undefined;
}

/** Id of an activity that is sent and forgotten: unique, and the same however often it is delivered. */
function newId(ctx: Ctx): string {
  return localUrls(ctx.config).activity(ctx.ids.next());
}
