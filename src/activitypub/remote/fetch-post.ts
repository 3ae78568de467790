import { type Ctx, inTransaction } from '#context.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { findOrFetchActor } from '#activitypub/remote/fetch-actor.ts';
import { postKindOf } from '#activitypub/remote/kinds.ts';
import { authorsOf, readPost } from '#activitypub/remote/object-reader.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findPostFetchedAt, markPostFetched } from '#domain/posts/fetched-store.ts';
import { isReblog, isRestricted, type Post } from '#domain/posts/post.ts';
import { findPost, findPostByUri } from '#domain/posts/post-store.ts';
import { receiveDeletion } from '#domain/posts/receive-deletion.ts';
import { isLater, receiveEdit } from '#domain/posts/receive-edit.ts';
import { concernOf, type ReceivedPost, receivePost } from '#domain/posts/receive-post.ts';
import { isSameOrigin, originOf } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** How far a thread is followed up: deep enough to read on, and an end for one that is made up as we ask. */
const ANCESTORS_LIMIT = 20;
/** Milliseconds for a whole thread. */
const PATIENCE = 20_000;
/** Milliseconds after which a post is read from its server again, when it is met. */
const POST_MAX_AGE = 6 * 3_600_000;

interface Fetched {
  ok: true;
  author: Account;
  post: ReceivedPost;
}

/**
 * The post with this URI (or on this page), with the posts it answers, up to `ancestors` of them: as it is here, unless that is stale, or read
 * from its server and kept.
 */
export async function fetchPost(
  ctx: Ctx,
  uri: string,
  { ancestors = ANCESTORS_LIMIT }: { ancestors?: number } = {},
): Promise<{ ok: true; post: Post } | RemoteFailure> {
  const known = await findPostByUri(ctx.db, uri);
  if (known) {
    if (!(await isPostStale(ctx, known))) return found(known);
    await readAnew(ctx, known);
    return found((await findPost(ctx.db, known.id)) ?? known);
  }
  const first = await fetchOne(ctx, uri);
  if (!first.ok) return first;
  const thread = await fetchAncestors(ctx, first, ancestors);
  // From the oldest on, so that each finds the post it answers.
  for (const { author, post } of thread.toReversed()) await keep(ctx, author, post);
  const kept = await findPostByUri(ctx.db, first.post.uri);
  return kept ? found(kept) : { ok: false, reason: 'gone', detail: 'deleted' };
}

/** `first` and what it answers, upwards, until something is known here, cannot be had, or was met before. */
async function fetchAncestors(ctx: Ctx, first: Fetched, limit: number): Promise<Fetched[]> {
  const deadline = performance.now() + PATIENCE;
  const thread = [first];
  const met = new Set([first.post.uri]);
  for (
    let next = first.post.inReplyToUri;
    next !== undefined && !met.has(next);
    next = thread.at(-1)!.post.inReplyToUri
  ) {
    met.add(next);
    if (thread.length > limit || performance.now() > deadline || (await findPostByUri(ctx.db, next))) break;
    const parent = await fetchOne(ctx, next);
    if (!parent.ok) break;
    thread.push(parent);
  }
  return thread;
}

/** Keeps a post as its server shows it, new or edited. */
async function keep(ctx: Ctx, author: Account, post: ReceivedPost): Promise<void> {
  const { mentionedIds } = await concernOf(ctx.db, author, post);
  await inTransaction(ctx, async (tx) => {
    await receivePost(tx, author, post, mentionedIds);
    const kept = await findPostByUri(tx.db, post.uri);
    if (kept?.accountId !== author.id) return;
    // Only an edit that says when it was made: another reading of the same text is none.
    if (isLater(post, kept)) await receiveEdit(tx, author.id, post, mentionedIds);
    await markPostFetched(tx.db, kept.id, tx.now());
  });
}

/**
 * Whether an open post of another server should be read there again when it is met: it may have been changed or deleted, and we are told
 * only of those that somebody here follows. Others are not shown to us anyway.
 */
export async function isPostStale(ctx: Ctx, post: Post): Promise<boolean> {
  const isOurs = originOf(post.uri) === ctx.config.origin;
  if (isOurs || isReblog(post) || post.deletedAt !== undefined || isRestricted(post.visibility)) return false;
  const isOld = (time: number) => ctx.now() - time > POST_MAX_AGE;
  return isOld(post.editedAt ?? post.publishedAt) && isOld((await findPostFetchedAt(ctx.db, post.id)) ?? 0);
}

/** Reads a post that was met anew, if it is still stale. */
export async function refreshPost(ctx: Ctx, postId: number): Promise<void> {
  const post = await findPost(ctx.db, postId);
  if (post && (await isPostStale(ctx, post))) await readAnew(ctx, post);
}

/** Reads a known post of another server again: edits it, or deletes it if its server says that it is deleted. */
export async function readAnew(ctx: Ctx, post: Post): Promise<void> {
  // Also if it does not answer: it is left alone until the post is stale again.
  await inTransaction(ctx, (tx) => markPostFetched(tx.db, post.id, ctx.now()));
  const document = await fetchDocument(ctx, post.uri);
  if (document.ok ? isTombstone(document.json) && document.json['id'] === post.uri : document.status === 410) {
    await inTransaction(ctx, (tx) => receiveDeletion(tx, post.accountId, post.uri));
    return;
  }
  const author = await findAccount(ctx.db, post.accountId);
  const shown = document.ok && author ? readPost(document.json, author, ctx.now()) : undefined;
  if (author && shown?.uri === post.uri) await keep(ctx, author, shown);
}

async function fetchOne(ctx: Ctx, uri: string): Promise<Fetched | RemoteFailure> {
  const document = await fetchDocument(ctx, uri);
  if (!document.ok) return document;
  const { json } = document;
  if (postKindOf(json) === undefined) return isTombstone(json) ? gone() : invalid('not a post');
  const author = await findAuthor(ctx, json);
  if (!author.ok) return author;
  const post = readPost(json, author.account, ctx.now());
  return post ? { ok: true, author: author.account, post } : invalid('a post that is not its author’s');
}

/** Whoever of those it is attributed to lives where it does. */
async function findAuthor(ctx: Ctx, json: JsonObject): Promise<{ ok: true; account: Account } | RemoteFailure> {
  const id = String(json['id']);
  const candidates = authorsOf(json).filter((author) => isSameOrigin(author, id));
  for (const uri of candidates.slice(0, 2)) {
    const author = await findOrFetchActor(ctx, uri);
    if (author.ok || author.reason === 'temporary') return author;
  }
  return invalid('a post without an author');
}

export function isTombstone(json: JsonObject): boolean {
  return json['type'] === 'Tombstone';
}

function found(post: Post): { ok: true; post: Post } {
  return { ok: true, post };
}

function gone(): RemoteFailure {
  return { ok: false, reason: 'gone', detail: 'a tombstone' };
}

function invalid(detail: string): RemoteFailure {
  return { ok: false, reason: 'invalid', detail };
}
