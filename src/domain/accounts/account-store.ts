import { type Db, list, nextVersion, type SqlValue } from '#db/database.ts';
import type { Account } from '#domain/accounts/account.ts';
import { NotFound } from '#domain/errors.ts';
import { parseJsonList } from '#lib/json.ts';

type AccountRow = Record<keyof Account, unknown>;

const columns = `id, kind, username, host, uri, url, display_name, summary_html, summary_source, avatar_url, header_url, fields, emojis,
  also_known_as, locked, discoverable, indexable, hides_network, inbox, shared_inbox, outbox, followers_uri, following_uri, featured_uri,
  followers_count, following_count, posts_count, last_post_at, created_at, version, fetched_at, deleted_at`;

function toAccount(row: AccountRow): Account {
  const account = row as unknown as Account & { fields: string; emojis: string; alsoKnownAs: string };
  return {
    ...account,
    avatarUrl: account.avatarUrl ?? undefined,
    headerUrl: account.headerUrl ?? undefined,
    fields: parseJsonList(account.fields),
    emojis: parseJsonList(account.emojis),
    alsoKnownAs: parseJsonList(account.alsoKnownAs),
    locked: Boolean(account.locked),
    discoverable: Boolean(account.discoverable),
    indexable: Boolean(account.indexable),
    hidesNetwork: Boolean(account.hidesNetwork),
    inbox: account.inbox ?? undefined,
    sharedInbox: account.sharedInbox ?? undefined,
    outbox: account.outbox ?? undefined,
    followersUri: account.followersUri ?? undefined,
    followingUri: account.followingUri ?? undefined,
    featuredUri: account.featuredUri ?? undefined,
    lastPostAt: account.lastPostAt ?? undefined,
    fetchedAt: account.fetchedAt ?? undefined,
    deletedAt: account.deletedAt ?? undefined,
  };
}

/** Deleted accounts are found too: their `deletedAt` says so. */
export async function findAccount(db: Db, id: number): Promise<Account | undefined> {
  const row = await db.get<AccountRow>(`SELECT ${columns} FROM account WHERE id = ?`, [id]);
  return row && toAccount(row);
}

/** @throws NotFound, also for a deleted account. */
export async function getAccount(db: Db, id: number): Promise<Account> {
  const account = await findAccount(db, id);
  if (!account || account.deletedAt !== undefined) throw new NotFound('Account');
  return account;
}

export async function findAccountByUri(db: Db, uri: string): Promise<Account | undefined> {
  const row = await db.get<AccountRow>(`SELECT ${columns} FROM account WHERE uri = ?`, [uri]);
  return row && toAccount(row);
}

/** `host` is '' for local accounts. Names compare without case. */
export async function findAccountByHandle(db: Db, username: string, host: string): Promise<Account | undefined> {
  const row = await db.get<AccountRow>(`SELECT ${columns} FROM account WHERE username_key = ? AND host = ?`, [
    username.toLowerCase(),
    host,
  ]);
  return row && toAccount(row);
}

export async function listAccounts(db: Db, ids: readonly number[]): Promise<Account[]> {
  if (ids.length === 0) return [];
  const wanted = list(ids);
  return (await db.all<AccountRow>(`SELECT ${columns} FROM account WHERE id ${wanted.sql}`, wanted.values)).map(
    toAccount,
  );
}

/** What others show of an account that they name. */
export type NamedAccount = Pick<Account, 'id' | 'username' | 'host' | 'uri' | 'url'>;

export async function listNamedAccounts(db: Db, ids: readonly number[]): Promise<NamedAccount[]> {
  if (ids.length === 0) return [];
  const wanted = list(ids);
  return db.all(`SELECT id, username, host, uri, url FROM account WHERE id ${wanted.sql}`, wanted.values);
}

export async function listAccountsByUri(db: Db, uris: readonly string[]): Promise<Account[]> {
  if (uris.length === 0) return [];
  const wanted = list(uris);
  return (await db.all<AccountRow>(`SELECT ${columns} FROM account WHERE uri ${wanted.sql}`, wanted.values)).map(
    toAccount,
  );
}

/** Local people who agree to be found, those who wrote last first. The server's own account is nobody. */
export function listLocalPeople(db: Db, limit: number): Promise<Account[]> {
  return listPeopleWhoAgree(db, 'discoverable', limit);
}

/** Local people who agree that search engines index them, those who wrote last first. */
export function listIndexablePeople(db: Db, limit: number): Promise<Account[]> {
  return listPeopleWhoAgree(db, 'indexable', limit);
}

async function listPeopleWhoAgree(db: Db, to: 'discoverable' | 'indexable', limit: number): Promise<Account[]> {
  const rows = await db.all<AccountRow>(
    `SELECT ${columns} FROM account WHERE host = '' AND deleted_at IS NULL AND ${to} = 1 AND kind <> 'application'
     ORDER BY COALESCE(last_post_at, 0) DESC, id LIMIT ?`,
    [limit],
  );
  return rows.map(toAccount);
}

/** Makes others that lock the same account wait for the end of this transaction. */
export async function lockAccount(db: Db, id: number): Promise<void> {
  if (db.forUpdate !== '') await db.get(`SELECT 1 AS found FROM account WHERE id = ? ${db.forUpdate}`, [id]);
}

/** When a remote account was last asked for, so that one that does not answer is not asked again at once. */
export async function markAccountFetched(db: Db, id: number, fetchedAt: number): Promise<void> {
  await db.run('UPDATE account SET fetched_at = ? WHERE id = ?', [fetchedAt, id]);
}

/** What a new or refreshed account is made of; counters start at zero. */
export type AccountProfile = Pick<Account, 'kind' | 'username' | 'host' | 'uri' | 'url'> &
  Partial<
    Pick<
      Account,
      | 'displayName'
      | 'summaryHtml'
      | 'summarySource'
      | 'avatarUrl'
      | 'headerUrl'
      | 'fields'
      | 'emojis'
      | 'alsoKnownAs'
      | 'locked'
      | 'discoverable'
      | 'indexable'
      | 'hidesNetwork'
      | 'inbox'
      | 'sharedInbox'
      | 'outbox'
      | 'followersUri'
      | 'followingUri'
      | 'featuredUri'
      | 'fetchedAt'
    >
  >;

/** An account with this uri that is there already stays as it is. */
export async function insertAccount(
  db: Db,
  account: AccountProfile & { id: number; createdAt: number },
): Promise<void> {
  await db.run(
    `INSERT INTO account (id, created_at, version, ${profileColumns.join(', ')})
     VALUES (?, ?, ?, ${profileColumns.map(() => '?').join(', ')}) ON CONFLICT (uri) DO NOTHING`,
    [account.id, account.createdAt, account.createdAt, ...profileValues(account)],
  );
}

/** Replaces what a profile shows; its id, counters and age stay. */
export async function updateAccount(db: Db, id: number, profile: AccountProfile, version: number): Promise<void> {
  await db.run(
    `UPDATE account SET version = ${nextVersion}, ${profileColumns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
    [version, version, ...profileValues(profile), id],
  );
}

/**
 * Frees the handle of an account that the handle's host no longer knows by it: it gets a key that nobody can look up. `host` is that of its
 * URI: it goes by no other any more.
 */
export async function releaseHandle(
  db: Db,
  id: number,
  { host, version }: { host: string; version: number },
): Promise<void> {
  await db.run(
    `UPDATE account SET username_key = username_key || '~' || CAST(id AS TEXT), host = ?, version = ${nextVersion} WHERE id = ?`,
    [host, version, version, id],
  );
}

/** Whether an account is still found by its handle: another may have got it. */
export async function holdsHandle(db: Db, account: Pick<Account, 'id' | 'username' | 'host'>): Promise<boolean> {
  const { username, host } = account;
  const holder = await db.get<{ id: number }>('SELECT id FROM account WHERE username_key = ? AND host = ?', [
    username.toLowerCase(),
    host,
  ]);
  return holder?.id === account.id;
}

/** What of a profile is stored, column by column. */
const profileTable: readonly (readonly [column: string, valueOf: (profile: AccountProfile) => SqlValue])[] = [
  ['kind', (profile) => profile.kind],
  ['username', (profile) => profile.username],
  ['username_key', (profile) => profile.username.toLowerCase()],
  ['host', (profile) => profile.host],
  ['uri', (profile) => profile.uri],
  ['url', (profile) => profile.url],
  ['display_name', (profile) => profile.displayName ?? ''],
  ['summary_html', (profile) => profile.summaryHtml ?? ''],
  ['summary_source', (profile) => profile.summarySource ?? ''],
  ['avatar_url', (profile) => profile.avatarUrl],
  ['header_url', (profile) => profile.headerUrl],
  ['fields', (profile) => JSON.stringify(profile.fields ?? [])],
  ['emojis', (profile) => JSON.stringify(profile.emojis ?? [])],
  ['also_known_as', (profile) => JSON.stringify(profile.alsoKnownAs ?? [])],
  ['locked', (profile) => profile.locked ?? false],
  ['discoverable', (profile) => profile.discoverable ?? true],
  ['indexable', (profile) => profile.indexable ?? false],
  ['hides_network', (profile) => profile.hidesNetwork ?? false],
  ['inbox', (profile) => profile.inbox],
  ['delivery_host', deliveryHost],
  ['shared_inbox', (profile) => profile.sharedInbox],
  ['outbox', (profile) => profile.outbox],
  ['followers_uri', (profile) => profile.followersUri],
  ['following_uri', (profile) => profile.followingUri],
  ['featured_uri', (profile) => profile.featuredUri],
  ['fetched_at', (profile) => profile.fetchedAt],
];
const profileColumns = profileTable.map(([column]) => column);

function profileValues(profile: AccountProfile): SqlValue[] {
  return profileTable.map(([, valueOf]) => valueOf(profile));
}

function deliveryHost({ uri, inbox }: AccountProfile): string | undefined {
  return inbox === undefined ? undefined : URL.parse(uri)?.host;
}

interface CounterChange {
  followers?: number;
  following?: number;
  posts?: number;
  lastPostAt?: number;
  version: number;
}

/** Adds to the counters shown on a profile, and marks it changed. A deleted account shows nothing, and stays at zero. */
export function addToCounters(db: Db, id: number, change: CounterChange): Promise<void> {
  return addToCountersOfAccounts(db, [id], change);
}

/** The same for several accounts. */
export async function addToCountersOfAccounts(db: Db, ids: readonly number[], change: CounterChange): Promise<void> {
  if (ids.length === 0) return;
  const changed = list(ids);
  await db.run(
    `UPDATE account SET followers_count = followers_count + ?, following_count = following_count + ?, posts_count = posts_count + ?,
       last_post_at = CASE WHEN CAST(? AS BIGINT) > COALESCE(last_post_at, 0) THEN CAST(? AS BIGINT) ELSE last_post_at END, version = ${nextVersion}
     WHERE id ${changed.sql} AND deleted_at IS NULL`,
    [
      change.followers ?? 0,
      change.following ?? 0,
      change.posts ?? 0,
      change.lastPostAt ?? 0,
      change.lastPostAt ?? 0,
      change.version,
      change.version,
      ...changed.values,
    ],
  );
}

export async function touchAccount(db: Db, id: number, version: number): Promise<void> {
  await db.run(`UPDATE account SET version = ${nextVersion} WHERE id = ?`, [version, version, id]);
}

/** A deleted account is there again. */
export async function clearAccountDeletion(db: Db, id: number): Promise<void> {
  await db.run('UPDATE account SET deleted_at = NULL WHERE id = ?', [id]);
}

/** Empties an account and marks it deleted. The row stays, so that neither its name nor its id is given away again. */
export async function markAccountDeleted(db: Db, id: number, now: number): Promise<void> {
  await db.run(
    `UPDATE account SET deleted_at = ?, version = ${nextVersion}, display_name = '', summary_html = '', summary_source = '', avatar_url = NULL,
       header_url = NULL, fields = '[]', emojis = '[]', followers_count = 0, following_count = 0, posts_count = 0 WHERE id = ?`,
    [now, now, now, id],
  );
}

/** Whether there is any account but `id`, local or not, deleted or not. */
export async function hasOtherAccount(db: Db, id: number): Promise<boolean> {
  return (await db.get('SELECT 1 AS found FROM account WHERE id <> ? LIMIT 1', [id])) !== undefined;
}

/** Takes away an account that nothing refers to, with its keys. */
export async function deleteAccountRow(db: Db, id: number): Promise<void> {
  await db.run('DELETE FROM account WHERE id = ?', [id]);
}
