import { type Db, list, nextVersion } from '#db/database.ts';
import type { Account } from '#domain/accounts/account.ts';
import { NotFound } from '#domain/errors.ts';

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
    fields: fromJson(account.fields),
    emojis: fromJson(account.emojis),
    alsoKnownAs: fromJson(account.alsoKnownAs),
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

function fromJson(text: string): never[] {
  return text === '[]' ? [] : (JSON.parse(text) as never[]);
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
    `INSERT INTO account (id, created_at, version, username_key, ${profileColumns.join(', ')})
     VALUES (?, ?, ?, ?, ${profileColumns.map(() => '?').join(', ')}) ON CONFLICT (uri) DO NOTHING`,
    [account.id, account.createdAt, account.createdAt, account.username.toLowerCase(), ...profileValues(account)],
  );
}

/** Replaces what a profile shows; its id, counters and age stay. */
export async function updateAccount(db: Db, id: number, profile: AccountProfile, version: number): Promise<void> {
  await db.run(
    `UPDATE account SET version = ${nextVersion}, username_key = ?, ${profileColumns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
    [version, version, profile.username.toLowerCase(), ...profileValues(profile), id],
  );
}

/** Takes its handle from an account that the handle's host no longer knows by it: nobody is found under what it has instead. */
export async function releaseHandle(db: Db, id: number): Promise<void> {
  await db.run("UPDATE account SET username_key = username_key || '~' || CAST(id AS TEXT) WHERE id = ?", [id]);
}

const profileColumns = [
  'kind',
  'username',
  'host',
  'uri',
  'url',
  'display_name',
  'summary_html',
  'summary_source',
  'avatar_url',
  'header_url',
  'fields',
  'emojis',
  'also_known_as',
  'locked',
  'discoverable',
  'indexable',
  'hides_network',
  'inbox',
  'inbox_host',
  'shared_inbox',
  'outbox',
  'followers_uri',
  'following_uri',
  'featured_uri',
  'fetched_at',
];

function profileValues(profile: AccountProfile) {
  return [
    profile.kind,
    profile.username,
    profile.host,
    profile.uri,
    profile.url,
    profile.displayName ?? '',
    profile.summaryHtml ?? '',
    profile.summarySource ?? '',
    profile.avatarUrl,
    profile.headerUrl,
    JSON.stringify(profile.fields ?? []),
    JSON.stringify(profile.emojis ?? []),
    JSON.stringify(profile.alsoKnownAs ?? []),
    profile.locked ?? false,
    profile.discoverable ?? true,
    profile.indexable ?? false,
    profile.hidesNetwork ?? false,
    profile.inbox,
    inboxHost(profile),
    sharedInbox(profile),
    profile.outbox,
    profile.followersUri,
    profile.followingUri,
    profile.featuredUri,
    profile.fetchedAt,
  ];
}

function inboxHost({ inbox }: AccountProfile): string | undefined {
  return inbox === undefined ? undefined : URL.parse(inbox)?.host;
}

/** A shared inbox on another host than the inbox is not believed: what is for followers would go wherever a stranger says. */
function sharedInbox(profile: AccountProfile): string | undefined {
  const shared = profile.sharedInbox === undefined ? undefined : URL.parse(profile.sharedInbox);
  return shared && shared.host === inboxHost(profile) ? profile.sharedInbox : undefined;
}

/** Adds to the counters shown on a profile, and marks it changed. A deleted account shows nothing, and stays at zero. */
export async function addToCounters(
  db: Db,
  id: number,
  change: { followers?: number; following?: number; posts?: number; lastPostAt?: number; version: number },
): Promise<void> {
  await db.run(
    `UPDATE account SET followers_count = followers_count + ?, following_count = following_count + ?, posts_count = posts_count + ?,
       last_post_at = CASE WHEN CAST(? AS BIGINT) > COALESCE(last_post_at, 0) THEN CAST(? AS BIGINT) ELSE last_post_at END, version = ${nextVersion}
     WHERE id = ? AND deleted_at IS NULL`,
    [
      change.followers ?? 0,
      change.following ?? 0,
      change.posts ?? 0,
      change.lastPostAt ?? 0,
      change.lastPostAt ?? 0,
      change.version,
      change.version,
      id,
    ],
  );
}

export async function touchAccount(db: Db, id: number, version: number): Promise<void> {
  await db.run(`UPDATE account SET version = ${nextVersion} WHERE id = ?`, [version, version, id]);
}

/** Empties an account and marks it deleted. The row stays, so that neither its name nor its id is given away again. */
export async function markAccountDeleted(db: Db, id: number, now: number): Promise<void> {
  await db.run(
    `UPDATE account SET deleted_at = ?, version = ${nextVersion}, display_name = '', summary_html = '', summary_source = '', avatar_url = NULL,
       header_url = NULL, fields = '[]', emojis = '[]', followers_count = 0, following_count = 0, posts_count = 0 WHERE id = ?`,
    [now, now, now, id],
  );
}
