import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Announce, Create, Delete, Follow, isActor, Note, Object as VocabObject, Undo, Update } from '@fedify/vocab';
import { describe, expect, test } from 'vitest';
import { contextLoader } from '#activitypub/document-loader.ts';
import * as activities from '#activitypub/objects/activity.ts';
import { toActor } from '#activitypub/objects/actor.ts';
import { PUBLIC } from '#activitypub/objects/context.ts';
import { toNote, toPostDocument } from '#activitypub/objects/note.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { AccountKey } from '#domain/accounts/key-store.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import { type Post, visibilities } from '#domain/posts/post.ts';
import { encodeBase58 } from '#lib/base58.ts';
import { representationFor } from '#activitypub/negotiate.ts';

const ORIGIN = 'https://parvis.example';

const account = (name: string, change: Partial<Account> = {}): Account => ({
  id: 1,
  kind: 'person',
  username: name,
  host: '',
  uri: `${ORIGIN}/users/${name}`,
  url: `${ORIGIN}/@${name}`,
  displayName: 'Alice',
  summaryHtml: '<p>Hi</p>',
  summarySource: 'Hi',
  avatarUrl: `${ORIGIN}/media/a.png`,
  headerUrl: `${ORIGIN}/media/h.webp`,
  fields: [{ name: 'Site', html: '<a href="https://alice.example">alice.example</a>' }],
  emojis: [{ shortcode: 'blob', url: `${ORIGIN}/emoji/blob.png` }],
  alsoKnownAs: ['https://old.example/users/alice'],
  locked: true,
  discoverable: true,
  indexable: false,
  hidesNetwork: false,
  inbox: `${ORIGIN}/users/${name}/inbox`,
  sharedInbox: `${ORIGIN}/inbox`,
  outbox: `${ORIGIN}/users/${name}/outbox`,
  followersUri: `${ORIGIN}/users/${name}/followers`,
  followingUri: `${ORIGIN}/users/${name}/following`,
  featuredUri: `${ORIGIN}/users/${name}/featured`,
  followersCount: 0,
  followingCount: 0,
  postsCount: 0,
  lastPostAt: undefined,
  createdAt: Date.UTC(2026, 0, 1, 10, 11, 12, 345),
  version: 1,
  fetchedAt: undefined,
  deletedAt: undefined,
  ...change,
});

const post = (change: Partial<Post> = {}): Post => ({
  id: 7,
  accountId: 1,
  kind: 'note',
  uri: `${ORIGIN}/posts/7`,
  url: `${ORIGIN}/@alice/7`,
  visibility: 'public',
  title: '',
  html: '<p>Hello</p>',
  source: 'Hello',
  summary: '',
  sensitive: false,
  language: 'en',
  emojis: [],
  attachments: [],
  threadId: 7,
  inReplyToUri: undefined,
  inReplyToId: undefined,
  inReplyToAccountId: undefined,
  reblogOfId: undefined,
  repliesCount: 0,
  reblogsCount: 0,
  favouritesCount: 0,
  publishedAt: Date.UTC(2026, 0, 2),
  editedAt: undefined,
  deletedAt: undefined,
  version: 1,
  ...change,
});

const dora = account('dora', { host: 'three.example', uri: 'https://three.example/users/dora' });

const viewOf = (change: Partial<Post> = {}, rest: Partial<PostView> = {}): PostView => ({
  post: post(change),
  account: account('alice'),
  reblogOf: undefined,
  inReplyTo: undefined,
  mentions: [dora],
  hashtags: [{ postId: 7, name: 'débat', display: 'Débat' }],
  viewer: undefined,
  ...rest,
});

const keys: AccountKey[] = (['rsa', 'ed25519'] as const).map((algorithm) => {
  const pair =
    algorithm === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  return {
    uri: `${ORIGIN}/users/alice#${algorithm === 'rsa' ? 'main-key' : 'ed25519-key'}`,
    accountId: 1,
    algorithm,
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: null,
    fetchedAt: 0,
  };
});

const read = (json: unknown) =>
  VocabObject.fromJsonLd(json, { contextLoader, documentLoader: () => Promise.reject(new Error('fetched')) });

/** What a member is, for comparing with others' documents. */
const shapeOf = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value);

/** Documents of Mastodon's own documentation and tests, of one type. */
function mastodonDocuments(type: string): Record<string, unknown>[] {
  const folder = new URL('../fixtures/mastodon/', import.meta.url);
  return readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, unknown>)
    .filter((json) => json['type'] === type);
}

describe('actors', () => {
  test('are read by Fedify as what they are, each kind', async () => {
    for (const kind of ['person', 'service', 'group', 'organization', 'application'] as const) {
      const json = toActor(account('alice', { kind }), keys, 'parvis.example');
      const actor = await read(json);
      if (!isActor(actor)) throw new Error(`${kind} is no actor`);
      expect(json['type']).toBe(kind[0]!.toUpperCase() + kind.slice(1));
      expect(actor.manuallyApprovesFollowers).toBe(true);
      expect(actor.discoverable).toBe(true);
      expect(actor.indexable).toBe(false);
      expect(actor.aliasIds.map(String)).toEqual(['https://old.example/users/alice']);
      const [field] = await Array.fromAsync(actor.getAttachments({ contextLoader }));
      expect(String(field?.name)).toBe('Site');
      expect((await actor.getIcon({ contextLoader }))?.mediaType).toBe('image/png');
      expect((await actor.getImage({ contextLoader }))?.mediaType).toBe('image/webp');
      expect((await actor.getPublicKey({ contextLoader }))?.ownerId?.href).toBe(`${ORIGIN}/users/alice`);
    }
  });

  test('have one RSA key as an object, and Ed25519 apart as a Multikey', () => {
    const json = toActor(account('alice'), keys, 'parvis.example');
    expect(json['publicKey']).toEqual({
      id: keys[0]!.uri,
      type: 'CryptographicKey',
      owner: `${ORIGIN}/users/alice`,
      publicKeyPem: keys[0]!.publicKey,
    });
    expect(json['assertionMethod']).toMatchObject([{ type: 'Multikey', controller: `${ORIGIN}/users/alice` }]);
    expect(JSON.stringify(json['assertionMethod'])).toMatch(/"publicKeyMultibase":"z6Mk/);
    expect(json['webfinger']).toBe('alice@parvis.example');
    expect(json['published']).toBe('2026-01-01T10:11:12.345Z');
  });

  test('have every member that Mastodon’s have, of the same kind', () => {
    const json = toActor(account('alice'), keys, 'parvis.example');
    for (const document of mastodonDocuments('Person')) {
      for (const [name, value] of Object.entries(document)) {
        if (UNUSED.has(name) || value === null) continue;
        expect(shapeOf(json[name]), name).toBe(shapeOf(value));
      }
    }
  });
});

/** Of Mastodon's actors: what this server has not got. */
const UNUSED = new Set([
  '@context',
  'memorial',
  'suspended',
  'movedTo',
  'featuredTags',
  'devices',
  'attributionDomains',
  'showFeatured',
]);

describe('posts', () => {
  test('say to whom they are as Mastodon does', () => {
    const followers = `${ORIGIN}/users/alice/followers`;
    const addressing = visibilities.map((visibility) => {
      const { to, cc } = toNote(viewOf({ visibility }), ORIGIN);
      return [visibility, to, cc];
    });
    expect(addressing).toEqual([
      ['public', [PUBLIC], [followers, dora.uri]],
      ['unlisted', [followers], [PUBLIC, dora.uri]],
      ['followers', [followers], [dora.uri]],
      ['direct', [dora.uri], []],
    ]);
  });

  test('are read by Fedify with everything in them', async () => {
    const attachments = [
      {
        url: `${ORIGIN}/media/1.webp`,
        mediaType: 'image/webp',
        description: 'A square',
        width: 800,
        height: 600,
        blurhash: 'LEHV6nWB2yk8',
      },
    ];
    const view = viewOf({
      summary: 'Politics',
      editedAt: Date.UTC(2026, 0, 3),
      inReplyToUri: 'https://three.example/posts/1',
      attachments,
      emojis: [{ shortcode: 'blob', url: 'https://three.example/blob.gif' }],
    });
    const note = await read(toPostDocument(toNote(view, ORIGIN)));
    if (!(note instanceof Note)) throw new Error('no note');
    expect(note.replyTargetId?.href).toBe('https://three.example/posts/1');
    expect(note.updated?.toString()).toBe('2026-01-03T00:00:00Z');
    expect(note.url).toEqual(new URL(`${ORIGIN}/@alice/7`));
    expect(note.source?.content).toBe('Hello');
    const tags = await Array.fromAsync(note.getTags({ contextLoader }));
    expect(tags.map((tag) => [tag.constructor.name, String(tag.name)])).toEqual([
      ['Mention', '@dora@three.example'],
      ['Hashtag', '#Débat'],
      ['Emoji', ':blob:'],
    ]);
    const [attachment] = await Array.fromAsync(note.getAttachments({ contextLoader }));
    expect(String(attachment?.name)).toBe('A square');
    expect(toNote(view, ORIGIN)['attachment']).toMatchObject([
      { type: 'Document', width: 800, height: 600, name: 'A square' },
    ]);
  });

  test('A44: no activity has bto or bcc, whatever the post', () => {
    fc.assert(
      fc.property(fc.constantFrom(...visibilities), fc.string(), fc.string(), (visibility, html, summary) => {
        const view = viewOf({ visibility, html, summary });
        const shown = [activities.toCreate('x', view, ORIGIN), activities.toUpdate('x', view, ORIGIN)];
        shown.push(activities.toDelete('x', view.account, view.post, view.mentions));
        for (const json of shown) {
          for (const level of [json, json['object'] as object]) expect(level).not.toHaveProperty('bto');
          for (const level of [json, json['object'] as object]) expect(level).not.toHaveProperty('bcc');
        }
      }),
    );
  });
});

describe('activities', () => {
  test('are read by Fedify as what they are', async () => {
    const alice = account('alice');
    const view = viewOf();
    const follow: activities.Personal = {
      type: 'Follow',
      id: `${ORIGIN}/activities/1`,
      actor: alice,
      object: dora.uri,
      to: dora.uri,
    };
    const reblog = viewOf(
      { id: 8, uri: `${ORIGIN}/posts/8/activity`, kind: 'reblog', reblogOfId: 7 },
      { reblogOf: viewOf({}, { account: dora }) },
    );
    const cases = [
      [activities.toCreate('https://parvis.example/posts/7/activity', view, ORIGIN), Create],
      [activities.toUpdate('https://parvis.example/activities/2', view, ORIGIN), Update],
      [activities.toDelete('https://parvis.example/activities/3', alice, view.post, view.mentions), Delete],
      [activities.toActorDelete('https://parvis.example/activities/4', alice), Delete],
      [
        activities.toActorUpdate(
          'https://parvis.example/activities/5',
          alice,
          toActor(alice, keys, 'parvis.example'),
          0,
        ),
        Update,
      ],
      [activities.toAnnounce(reblog), Announce],
      [activities.toPersonal(follow), Follow],
      [activities.toUndo('https://parvis.example/activities/6', follow), Undo],
    ] as const;
    for (const [json, type] of cases) {
      const activity = await read(json);
      expect(activity).toBeInstanceOf(type);
      expect(activity.id?.href).toBe(json['id']);
      if (activity instanceof type) expect((activity as Create).actorId?.href).toBe(alice.uri);
    }
  });

  test('an Undo and an answer embed what they are about', () => {
    const follow: activities.Personal = {
      type: 'Follow',
      id: 'https://three.example/f/1',
      actor: dora,
      object: 'https://parvis.example/users/1',
      to: 'x',
    };
    expect(activities.toAnswer('Accept', 'https://parvis.example/activities/9', follow)).toMatchObject({
      type: 'Accept',
      actor: 'https://parvis.example/users/1',
      to: [dora.uri],
      object: {
        id: 'https://three.example/f/1',
        type: 'Follow',
        actor: dora.uri,
        object: 'https://parvis.example/users/1',
      },
    });
  });

  test('have the members of Mastodon’s', () => {
    const alice = account('alice');
    const block = activities.toPersonal({
      type: 'Block',
      id: 'https://parvis.example/activities/1',
      actor: alice,
      object: dora.uri,
      to: dora.uri,
    });
    const documents = mastodonDocuments('Block');
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) {
      for (const name of Object.keys(document)) expect(block, name).toHaveProperty([name]);
    }
  });
});

test('base58 is that of Bitcoin', () => {
  expect(encodeBase58(Buffer.from('Hello World!'))).toBe('2NEpo7TZRRrLZSi2U');
  expect(encodeBase58(Buffer.from([0, 0, 40, 127, 180, 205]))).toBe('11233QC4');
  expect(encodeBase58(Buffer.alloc(0))).toBe('');
});

test.each([
  [undefined, 'page'],
  ['*/*', 'page'],
  ['application/activity+json', 'activity'],
  ['application/ld+json; profile="https://www.w3.org/ns/activitystreams", application/activity+json', 'activity'],
  ['Application/LD+JSON; Profile="a,b"', 'activity'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'page'],
  ['text/html, application/activity+json', 'page'],
  ['text/html;q=0.8, application/activity+json', 'activity'],
  ['application/activity+json;q=0', 'page'],
  ['application/json', 'activity'],
])('Accept: %s asks for the %s', (accept, representation) => {
  expect(representationFor(accept)).toBe(representation);
});
