import type { Context, Federation } from '@fedify/fedify';
import type { Object as VocabObject } from '@fedify/vocab';
import { findLocalAccount } from '#activitypub/actors.ts';
import type { FederationData } from '#activitypub/federation-data.ts';
import { toPostActivity } from '#activitypub/posts.ts';
import { OUTBOX_PAGE } from '#activitypub/stamp-store.ts';
import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { viewPosts } from '#domain/posts/post-view.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import { countFavourites } from '#domain/posts/favourite-store.ts';
import { type Follow, type FollowPage, listFollowers, listFollowing } from '#domain/relationships/follow-store.ts';
import { listByAccount, listPinned } from '#domain/timelines/timeline-store.ts';
import { parseId } from '#lib/id.ts';

/** Cursor of the first page; of the others, the last id before them. */
const FIRST = 'first';
const NETWORK_PAGE = 100;

type Fedify = Context<FederationData>;

/** Registers the collections of actors. Whom an account blocks finds none of them (A34). */
export function dispatchCollections(federation: Federation<FederationData>): void {
  federation
    .setOutboxDispatcher('/users/{identifier}/outbox', async (fedify, identifier, cursor) => {
      const { ctx, viewer } = fedify.data;
      const account = await findOwner(fedify, identifier);
      const before = readCursor(cursor);
      if (!account || before === undefined) return null;
      const posts = await listByAccount(
        ctx.db,
        viewer,
        account.id,
        { replies: 'with', reblogs: 'with' },
        { limit: OUTBOX_PAGE, before },
      );
      const last = posts.length === OUTBOX_PAGE ? posts.at(-1) : undefined;
      const views = await viewPosts(ctx, viewer, posts);
      return { items: views.map((view) => toPostActivity(ctx, view)), nextCursor: last ? String(last.id) : null };
    })
    .setFirstCursor(firstCursor)
    .setCounter(counterOf((account) => account.postsCount));

  federation
    .setFollowersDispatcher('/users/{identifier}/followers', (fedify, identifier, cursor) =>
      listNetwork(fedify, identifier, cursor, { list: listFollowers, idOf: (follow) => follow.followerId }),
    )
    .setFirstCursor(firstCursorOfNetwork)
    .setCounter(counterOf((account) => account.followersCount));

  federation
    .setFollowingDispatcher('/users/{identifier}/following', async (fedify, identifier, cursor) => {
      const page = await listNetwork(fedify, identifier, cursor, {
        list: listFollowing,
        idOf: (follow) => follow.targetId,
      });
      return page && { ...page, items: page.items.map((item) => item.id) };
    })
    .setFirstCursor(firstCursorOfNetwork)
    .setCounter(counterOf((account) => account.followingCount));

  federation.setFeaturedDispatcher('/users/{identifier}/featured', async (fedify, identifier) => {
    const { ctx, viewer } = fedify.data;
    const account = await findOwner(fedify, identifier);
    if (!account) return null;
    const items = (await listPinned(ctx.db, viewer, account.id)).map((post) => new URL(post.uri));
    // Ids only, so that the collection changes with the pins and not with the posts. Fedify serves URLs too; its types do not say so.
    return { items: items as unknown as VocabObject[] };
  });

  // How many, but not which: a like is told to the author of what is liked, and to nobody else.
  federation
    .setLikedDispatcher('/users/{identifier}/liked', async (fedify, identifier) =>
      (await findOwner(fedify, identifier)) ? { items: [] } : null,
    )
    .setCounter(async (fedify, identifier) => {
      const account = await findOwner(fedify, identifier);
      return account ? countFavourites(fedify.data.ctx.db, account.id) : null;
    });
}

/** Whose collection it is, if it may be read by whoever asks. */
async function findOwner({ data: { ctx, viewer } }: Fedify, identifier: string): Promise<Account | undefined> {
  const account = await findLocalAccount(ctx, identifier);
  if (!account || account.deletedAt !== undefined) return undefined;
  return viewer !== undefined && (await findBlock(ctx.db, account.id, viewer)) ? undefined : account;
}

async function firstCursor(fedify: Fedify, identifier: string): Promise<string | null> {
  return (await findOwner(fedify, identifier)) ? FIRST : null;
}

async function firstCursorOfNetwork(fedify: Fedify, identifier: string): Promise<string | null> {
  const account = await findOwner(fedify, identifier);
  return account && !account.hidesNetwork ? FIRST : null;
}

function counterOf(count: (account: Account) => number) {
  return async (fedify: Fedify, identifier: string): Promise<number | null> => {
    const account = await findOwner(fedify, identifier);
    return account ? count(account) : null;
  };
}

/** A page of those who follow or are followed. Of a hidden network there is only the number. */
async function listNetwork(
  fedify: Fedify,
  identifier: string,
  cursor: string | null,
  {
    list,
    idOf,
  }: {
    list: (db: Ctx['db'], accountId: number, page: FollowPage) => Promise<Follow[]>;
    idOf: (follow: Follow) => number;
  },
) {
  const { ctx } = fedify.data;
  const account = await findOwner(fedify, identifier);
  if (!account) return null;
  if (account.hidesNetwork) return cursor === null ? { items: [] } : null;
  const before = readCursor(cursor);
  if (before === undefined) return null;
  const follows = await list(ctx.db, account.id, { limit: NETWORK_PAGE, before });
  const last = follows.length === NETWORK_PAGE ? follows.at(-1) : undefined;
  const accounts = new Map((await listAccounts(ctx.db, follows.map(idOf))).map((found) => [found.id, found]));
  const items = follows
    .flatMap((follow) => accounts.get(idOf(follow)) ?? [])
    .map(({ uri }) => ({ id: new URL(uri), inboxId: null }));
  return { items, nextCursor: last ? String(last.id) : null };
}

function readCursor(cursor: string | null): number | undefined {
  return cursor === FIRST ? Number.MAX_SAFE_INTEGER : parseId(cursor ?? undefined);
}
