import { type Ctx, inTransaction } from '#context.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { findOrFetchActor } from '#activitypub/remote/fetch-actor.ts';
import { authorsOf, postKindOf, readPost } from '#activitypub/remote/object-reader.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { Post } from '#domain/posts/post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { concernOf, type ReceivedPost, receivePost } from '#domain/posts/receive-post.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** How far a thread is followed up: deep enough to read on, and an end for one that is made up as we ask. */
const ANCESTORS_LIMIT = 20;
/** Milliseconds for a whole thread. */
const PATIENCE = 20_000;

interface Fetched {
  ok: true;
  author: Account;
  post: ReceivedPost;
}

/** The post with this URI (or on this page), with the posts it answers: as it is here, or read from its server and kept. */
export async function fetchPost(ctx: Ctx, uri: string): Promise<{ ok: true; post: Post } | RemoteFailure> {
  const known = await findPostByUri(ctx.db, uri);
  if (known) return found(known);
  const first = await fetchOne(ctx, uri);
  if (!first.ok) return first;
  const thread = await fetchAncestors(ctx, first);
  // From the oldest on, so that each finds the post it answers.
  for (const { author, post } of thread.toReversed()) await keep(ctx, author, post);
  const kept = await findPostByUri(ctx.db, first.post.uri);
  return kept ? found(kept) : { ok: false, reason: 'gone', detail: 'deleted' };
}

/** `first` and what it answers, upwards, until something is known here, cannot be had, or was met before. */
async function fetchAncestors(ctx: Ctx, first: Fetched): Promise<Fetched[]> {
  const deadline = performance.now() + PATIENCE;
  const thread = [first];
  const met = new Set([first.post.uri]);
  for (
    let next = first.post.inReplyToUri;
    next !== undefined && !met.has(next);
    next = thread.at(-1)!.post.inReplyToUri
  ) {
    met.add(next);
    if (thread.length > ANCESTORS_LIMIT || performance.now() > deadline || (await findPostByUri(ctx.db, next))) break;
    const parent = await fetchOne(ctx, next);
    if (!parent.ok) break;
    thread.push(parent);
  }
  return thread;
}

async function keep(ctx: Ctx, author: Account, post: ReceivedPost): Promise<void> {
  const { mentionedIds } = await concernOf(ctx.db, author, post);
  await inTransaction(ctx, (tx) => receivePost(tx, author, post, mentionedIds));
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
