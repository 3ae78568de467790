import { type Ctx, inTransaction } from '#context.ts';
import { type ActorDocument, readActor } from '#activitypub/remote/actor-reader.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { confirmHandle } from '#activitypub/remote/webfinger.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccount, findAccountByUri, markAccountFetched } from '#domain/accounts/account-store.ts';
import { receiveAccount } from '#domain/accounts/receive-account.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** Milliseconds after which an account is read from its server again, when it is met. */
const ACCOUNT_MAX_AGE = 24 * 3_600_000;

export function isStale(ctx: Ctx, account: Account): boolean {
  return account.host !== '' && ctx.now() - (account.fetchedAt ?? 0) > ACCOUNT_MAX_AGE;
}

/** An actor as its own server shows it. Nothing is kept. */
export async function fetchActorDocument(
  ctx: Ctx,
  uri: string,
): Promise<{ ok: true; actor: ActorDocument } | RemoteFailure> {
  const document = await fetchDocument(ctx, uri);
  if (!document.ok) return document;
  const actor = readActor(document.json);
  return actor ? { ok: true, actor } : { ok: false, reason: 'invalid', detail: 'not an actor' };
}

/** Keeps an actor that was read from its own server or signed by itself. Undefined where it is refused. */
export async function keepActor(ctx: Ctx, actor: ActorDocument): Promise<Account | undefined> {
  const known = await findAccountByUri(ctx.db, actor.profile.uri);
  let handle = await confirmHandle(ctx, actor);
  // What was confirmed once stays while nobody can say otherwise.
  if (handle.isUncertain && known?.username.toLowerCase() === handle.username.toLowerCase()) {
    handle = { ...handle, host: known.host, isConfirmed: true };
  }
  const { username, host, isConfirmed } = handle;
  const profile = { ...actor.profile, username, host };
  return inTransaction(ctx, (tx) => receiveAccount(tx, { profile, keys: actor.keys, isHandleConfirmed: isConfirmed }));
}

/** Reads an actor from its server and keeps it, new or refreshed. */
export async function fetchActor(ctx: Ctx, uri: string): Promise<{ ok: true; account: Account } | RemoteFailure> {
  const found = await fetchActorDocument(ctx, uri);
  if (!found.ok) return found;
  const account = await keepActor(ctx, found.actor);
  return account ? { ok: true, account } : { ok: false, reason: 'invalid', detail: 'an actor that is refused here' };
}

/** The account with this URI: as it is here, or read from its server. Deleted accounts are gone. */
export async function findOrFetchActor(ctx: Ctx, uri: string): Promise<{ ok: true; account: Account } | RemoteFailure> {
  const known = await findAccountByUri(ctx.db, uri);
  if (!known) return fetchActor(ctx, uri);
  return known.deletedAt === undefined
    ? { ok: true, account: known }
    : { ok: false, reason: 'gone', detail: 'deleted' };
}

/** Reads a known account anew. One that does not answer is left alone until it is stale again. */
export async function refreshAccount(ctx: Ctx, accountId: number): Promise<void> {
  const account = await findAccount(ctx.db, accountId);
  if (!account || account.deletedAt !== undefined || !isStale(ctx, account)) return;
  const found = await fetchActor(ctx, account.uri);
  if (!found.ok) await inTransaction(ctx, (tx) => markAccountFetched(tx.db, accountId, ctx.now()));
}
