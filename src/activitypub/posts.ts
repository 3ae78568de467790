import type { Federation } from '@fedify/fedify';
import { Activity, Announce, Create, Note } from '@fedify/vocab';
import type { FederationData } from '#activitypub/federation-data.ts';
import { toAnnounce, toCreate, toPersonal } from '#activitypub/objects/activity.ts';
import { toNote, toPostDocument, toTombstone } from '#activitypub/objects/note.ts';
import { presented } from '#activitypub/presented.ts';
import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findFavouriteById } from '#domain/posts/favourite-store.ts';
import { canSee, type Viewer } from '#domain/posts/post-policy.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { type Post, isRestricted } from '#domain/posts/post.ts';
import { type PostView, viewPost } from '#domain/posts/post-view.ts';
import { findBlockById } from '#domain/blocks/block-store.ts';
import { findFollowById } from '#domain/relationships/follow-store.ts';
import { localUrls } from '#domain/urls.ts';
import { parseId } from '#lib/id.ts';
import type { JsonObject } from '#lib/json.ts';

/** Registers posts and activities. Whoever may not see one hears what they would hear if it did not exist (A43). */
export function dispatchPosts(federation: Federation<FederationData>): void {
  federation.setObjectDispatcher(Note, '/posts/{id}', async ({ data }, { id }) => {
    const { ctx, viewer } = data;
    const post = await findVisible(ctx, viewer, id);
    if (!post || post.uri !== localUrls(ctx.config).post(post.id)) return null;
    const view = post.deletedAt === undefined ? await viewPost(ctx, viewer, post) : undefined;
    const values = { id: new URL(post.uri) };
    if (view) return presented(Note, toPostDocument(toNote(view, ctx.config.origin)), values);
    // Gone, as only those hear who could see it.
    data.status = 410;
    return presented(Note, toPostDocument(toTombstone(post)), values);
  });

  federation.setObjectDispatcher(Create, '/posts/{id}/activity', async ({ data: { ctx, viewer } }, { id }) => {
    const post = await findVisible(ctx, viewer, id);
    const view = post && post.deletedAt === undefined ? await viewPost(ctx, viewer, post) : undefined;
    // A dispatcher has one class; that of a reblog is an Announce.
    return view && (await isShownOn(ctx, viewer, view)) ? (toPostActivity(ctx, view) as Create) : null;
  });

  federation.setObjectDispatcher(Activity, '/activities/{id}', async ({ data: { ctx, viewer } }, { id }) => {
    const found = await findActivity(ctx, viewer, parseId(id) ?? 0);
    return found ? presented(Activity, found, { id: new URL(String(found['id'])) }) : null;
  });
}

/** The Create of a post, or the Announce of a reblog. */
export function toPostActivity(ctx: Ctx, view: PostView): Create | Announce {
  if (view.reblogOf) return presented(Announce, toAnnounce(view), { id: new URL(view.post.uri) });
  const id = localUrls(ctx.config).postActivity(view.post.id);
  return presented(Create, toCreate(id, view, ctx.config.origin), { id: new URL(id) });
}

/** A post written here that `viewer` may see or might have seen: a deleted one counts as what it was. */
async function findVisible(ctx: Ctx, viewer: Viewer, idText: string | undefined): Promise<Post | undefined> {
  const id = parseId(idText);
  const post = id === undefined ? undefined : await findPost(ctx.db, id);
  if (!post?.uri.startsWith(`${ctx.config.origin}/`) || !(await canSee(ctx.db, viewer, post))) return undefined;
  return post;
}

async function isShownOn(ctx: Ctx, viewer: Viewer, view: PostView): Promise<boolean> {
  return view.reblogOf === undefined || canSee(ctx.db, viewer, view.reblogOf.post);
}

/**
 * A Like, Follow or Block by a local account, as long as it holds. A like of what everybody sees may be seen by everybody, a follow if
 * neither side hides its network; else they are between the two.
 */
async function findActivity(ctx: Ctx, viewer: Viewer, id: number): Promise<JsonObject | undefined> {
  const favourite = await findFavouriteById(ctx.db, id);
  if (favourite) {
    const post = await findPost(ctx.db, favourite.postId);
    if (!post || post.deletedAt !== undefined) return undefined;
    const parties = await findParties(ctx, favourite.accountId, post.accountId);
    const isOpen = !isRestricted(post.visibility) && (await canSee(ctx.db, viewer, post));
    return parties && show({ type: 'Like', uri: favourite.uri, object: post.uri, isOpen, parties, viewer });
  }
  const follow = await findFollowById(ctx.db, id);
  if (follow) {
    const parties = await findParties(ctx, follow.followerId, follow.targetId);
    const isOpen = follow.accepted && parties?.actor.hidesNetwork === false && !parties.target.hidesNetwork;
    return parties && show({ type: 'Follow', uri: follow.uri, object: parties.target.uri, isOpen, parties, viewer });
  }
  const block = await findBlockById(ctx.db, id);
  const parties = block && (await findParties(ctx, block.accountId, block.targetId));
  return parties && show({ type: 'Block', uri: block.uri, object: parties.target.uri, isOpen: false, parties, viewer });
}

interface Parties {
  actor: Account;
  target: Account;
}

async function findParties(ctx: Ctx, actorId: number, targetId: number): Promise<Parties | undefined> {
  const actor = await findAccount(ctx.db, actorId);
  const target = await findAccount(ctx.db, targetId);
  return actor && target && isLocal(actor) && actor.deletedAt === undefined ? { actor, target } : undefined;
}

function show(shown: {
  type: 'Like' | 'Follow' | 'Block';
  uri: string;
  object: string;
  isOpen: boolean;
  parties: Parties;
  viewer: Viewer;
}): JsonObject | undefined {
  const { actor, target } = shown.parties;
  const isParty = shown.viewer !== undefined && (shown.viewer === target.id || shown.viewer === actor.id);
  if (!shown.isOpen && !isParty) return undefined;
  return toPersonal({ type: shown.type, id: shown.uri, actor, object: shown.object, to: target.uri });
}
