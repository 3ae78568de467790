import { describe, expect, test } from 'vitest';
import { readActor } from '#activitypub/remote/actor-reader.ts';
import { httpUrl, listOf, pageOf, plainText, timeOf, typesOf } from '#activitypub/remote/fields.ts';
import { readPost } from '#activitypub/remote/object-reader.ts';
import { buildRemoteActor } from '../support/remote-actor.ts';
import { htmlToText } from '#lib/html.ts';
import { createFakeRemote } from '#remote/fake.ts';

const NOW = Date.UTC(2026, 0, 15);
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';
const author = { uri: 'https://x.example/users/a', followersUri: 'https://x.example/users/a/followers' };
const note = { id: 'https://x.example/notes/1', type: 'Note', attributedTo: author.uri, content: 'Hallo', to: PUBLIC };
const read = (fields: Record<string, unknown>) => readPost({ ...note, ...fields }, author, NOW);

describe('fields', () => {
  test('only plain web addresses of a bounded length are URLs', () => {
    for (const url of ['https://x.example/a', 'http://x.example', 'https://x.example/ä?b#c'])
      expect(httpUrl(url)).toBe(url);
    const bad = [
      'javascript:x',
      'data:,x',
      '//x.example',
      'https://u:p@x.example/',
      'https://x.example/a b',
      'https://x.example/\u0000',
      `https://x.example/${'a'.repeat(3_000)}`,
      `https://x.example/${'ä'.repeat(1_500)}`,
      5,
      null,
      {},
      ['https://x.example/'],
    ];
    for (const value of bad) expect(httpUrl(value)).toBeUndefined();
  });

  test('types lose the prefix of the vocabulary', () => {
    expect(typesOf({ type: ['as:Note', 'https://www.w3.org/ns/activitystreams#Page', 5, 'schema:Thing'] })).toEqual([
      'Note',
      'Page',
      'schema:Thing',
    ]);
    expect(typesOf({})).toEqual([]);
  });

  test('single values, arrays and nothing are lists', () => {
    expect([listOf('a'), listOf(['a', 'b']), listOf(undefined), listOf(null), listOf([1, 2, 3], 2)]).toEqual([
      ['a'],
      ['a', 'b'],
      [],
      [],
      [1, 2],
    ]);
  });

  test('times are read in their many spellings, within bounds', () => {
    expect(timeOf('2025-06-01T12:00:00Z', NOW)).toBe(Date.UTC(2025, 5, 1, 12));
    expect(timeOf('2025-06-01T14:00:00.123456+02:00', NOW)).toBe(Date.UTC(2025, 5, 1, 12, 0, 0, 123));
    expect(timeOf('2025-06-01T12:00:00', NOW)).toBe(Date.UTC(2025, 5, 1, 12));
    expect(timeOf('1969-01-01T00:00:00Z', NOW)).toBe(Date.UTC(2001, 0, 1));
    expect(timeOf('9999-01-01T00:00:00Z', NOW)).toBe(NOW);
    for (const bad of ['yesterday', '2025-13-01T00:00:00Z', '292278994-01-01T00:00:00Z', 5, null, '2025'])
      expect(timeOf(bad, NOW)).toBeUndefined();
  });

  test('text is cut between characters and loses what cannot be shown', () => {
    expect(plainText(' a\u0000b\uFFFF\n ', 10)).toBe('ab');
    expect(plainText('ab😀', 3)).toBe('ab');
    expect(plainText('x\uD800', 10)).toBe('x\uFFFD');
    expect(plainText({ '@value': 'x' }, 10)).toBe('');
  });

  test('the page of an object is the link that says it is HTML', () => {
    const media = { type: 'Link', mediaType: 'video/mp4', href: 'https://x.example/v.mp4' };
    expect(pageOf({ url: [media, { type: 'Link', mediaType: 'text/html', href: 'https://x.example/w' }] })).toBe(
      'https://x.example/w',
    );
    expect(pageOf({ url: [media, 'https://x.example/p'] })).toBe('https://x.example/p');
    expect(pageOf({ url: media })).toBeUndefined();
  });
});

describe('posts', () => {
  test.each([
    ['public', { to: [PUBLIC] }],
    ['public', { to: 'as:Public' }],
    ['unlisted', { to: [author.followersUri], cc: 'Public' }],
    ['followers', { to: author.followersUri }],
    ['followers', { to: [], cc: [author.followersUri, 'https://y.example/users/b'] }],
    ['direct', { to: ['https://y.example/users/b'] }],
    ['direct', { to: ['https://y.example/users/b/followers'] }],
    ['direct', { to: undefined }],
  ])('%s: %j', (visibility, fields) => {
    expect(read(fields)).toMatchObject({ visibility });
  });

  test('a video of PeerTube has its page, its file and its two authors', () => {
    const video = read({
      type: 'Video',
      name: 'Ein Film',
      attributedTo: [
        { type: 'Person', id: author.uri },
        { type: 'Group', id: 'https://x.example/channels/c' },
      ],
      mediaType: 'text/markdown',
      content: 'eins <b>zwei</b>\n\ndrei',
      url: [
        { type: 'Link', mediaType: 'text/html', href: 'https://x.example/w/1' },
        { type: 'Link', mediaType: 'application/x-mpegURL', href: 'https://x.example/1.m3u8' },
        { type: 'Link', mediaType: 'video/mp4', href: 'https://x.example/1.mp4', height: 720, width: 1280 },
      ],
    });
    expect(video).toMatchObject({
      kind: 'video',
      title: 'Ein Film',
      url: 'https://x.example/w/1',
      html: '<p>eins &lt;b&gt;zwei&lt;/b&gt;</p><p>drei</p>',
      attachments: [{ url: 'https://x.example/1.mp4', mediaType: 'video/mp4', width: 1280, height: 720 }],
    });
  });

  test('a poll shows its options; an article its title and, without a text, its summary', () => {
    expect(read({ type: 'Question', oneOf: [{ name: 'Ja' }, { name: '<Nein>' }] })?.html).toBe(
      'Hallo<ul><li>Ja</li><li>&lt;Nein&gt;</li></ul>',
    );
    expect(read({ type: 'Article', name: 'Titel', content: undefined, summary: '<p>Kurz</p>' })).toMatchObject({
      title: 'Titel',
      html: '<p>Kurz</p>',
      summary: '',
    });
  });

  test('links and files of other kinds stand below the text, unless it has them', () => {
    const attachment = [
      { type: 'Link', href: 'https://news.example/a?b=1&c=2' },
      { type: 'Document', mediaType: 'application/pdf', url: 'https://x.example/report.pdf', name: 'Report <1>' },
      { type: 'Link', href: 'https://news.example/a?b=1&c=2', name: 'again' },
      { type: 'Image', mediaType: 'image/png', url: 'https://x.example/a.png' },
      { type: 'Link', href: 'javascript:alert(1)', name: 'bad' },
      { type: 'PropertyValue', name: 'a', value: 'b' },
    ];
    const post = read({ type: 'Page', name: 'T', content: undefined, attachment });
    expect(post?.attachments).toMatchObject([{ url: 'https://x.example/a.png' }]);
    expect(htmlToText(post!.html)).toBe('again\n\nReport <1>');
    expect(post?.html).toContain('href="https://news.example/a?b=1&amp;c=2"');
    expect(post?.html).not.toContain('javascript');
    const content = '<p>See <a href="https://news.example/a?b=1&amp;c=2">this</a></p>';
    expect(read({ content, attachment: attachment.slice(0, 1) })?.html).toBe(read({ content })?.html);
    const many = Array.from({ length: 500 }, (_, n) => ({ type: 'Link', href: `https://news.example/${n}` }));
    expect(read({ content: undefined, attachment: many })?.html.match(/<a /g)).toHaveLength(16);
  });

  test('an edit time counts only after the time of publishing', () => {
    expect(read({ published: '2025-01-01T00:00:00Z', updated: '2025-01-02T00:00:00Z' })?.editedAt).toBe(
      Date.UTC(2025, 0, 2),
    );
    expect(read({ published: '2025-01-02T00:00:00Z', updated: '2025-01-01T00:00:00Z' })?.editedAt).toBeUndefined();
  });

  test('the language is that of the text shown', () => {
    expect(read({ contentMap: { en: 'Hello', de: 'Hallo' } })?.language).toBe('de');
    expect(read({ content: undefined, contentMap: { 'pt-br': 'Olá' } })).toMatchObject({
      language: 'pt-BR',
      html: 'Olá',
    });
    expect(read({ contentMap: { und: 'Hallo' } })?.language).toBeUndefined();
  });

  test('what is not the author’s is not read', () => {
    for (const fields of [
      { attributedTo: 'https://x.example/users/b' },
      { id: 'https://y.example/notes/1' },
      { id: undefined },
      { type: 'Person' },
      { attributedTo: undefined },
    ]) {
      expect(read(fields)).toBeUndefined();
    }
  });
});

describe('actors', () => {
  const { document } = buildRemoteActor(createFakeRemote(), 'a@x.example');

  test('what is of another server’s is not the actor’s', () => {
    const actor = readActor({
      ...document,
      followers: 'https://y.example/f',
      featured: { id: 'https://x.example/featured' },
      endpoints: { sharedInbox: 'https://y.example/inbox' },
    });
    expect(actor?.profile).toMatchObject({
      followersUri: undefined,
      featuredUri: 'https://x.example/featured',
      sharedInbox: undefined,
    });
  });

  test('an inbox may be kept elsewhere, a shared one may not', () => {
    const inbox = 'https://social.elsewhere.example/v1/@site@x.example/inbox';
    const endpoints = { sharedInbox: 'https://social.elsewhere.example/inbox' };
    expect(readActor({ ...document, inbox, endpoints })?.profile).toMatchObject({ inbox, sharedInbox: undefined });
    const own = { sharedInbox: 'https://x.example/inbox' };
    expect(readActor({ ...document, inbox, endpoints: own })?.profile).toMatchObject({ inbox, ...own });
  });

  test('keys of others, and what is no key, are left out', () => {
    const key = document['publicKey'] as Record<string, unknown>;
    const keysOf = (publicKey: unknown) => readActor({ ...document, publicKey })?.keys.length;
    expect(keysOf([key, key, { ...key, id: 'https://x.example/users/a#second' }])).toBe(2);
    for (const bad of [
      { ...key, owner: 'https://x.example/users/b' },
      { ...key, id: 'https://y.example/k' },
      { ...key, publicKeyPem: 'x' },
      'x',
      null,
    ])
      expect(keysOf(bad)).toBe(0);
  });

  test('an actor needs an id, a name that can be looked up, an inbox and a type', () => {
    for (const lack of [
      { id: 5 },
      { preferredUsername: 'böse name' },
      { preferredUsername: undefined },
      { inbox: undefined },
      { inbox: 'javascript:x' },
      { type: ['Note', 'Person'] },
    ]) {
      expect(readActor({ ...document, ...lack })).toBeUndefined();
    }
  });
});

describe('texts for people', () => {
  const person = {
    id: author.uri,
    type: 'Person',
    preferredUsername: 'eve',
    inbox: `${author.uri}/inbox`,
  };

  test('a warning that stands in a map only hides the text', () => {
    expect(read({ sensitive: true, summaryMap: { en: 'Spoilers' } })).toMatchObject({ summary: 'Spoilers' });
    expect(read({ summaryMap: { en: ['Spoilers'] } })).toMatchObject({ summary: 'Spoilers' });
    expect(read({ summaryMap: ['Spoilers'] })).toMatchObject({ summary: 'Spoilers' });
    expect(read({ summary: { en: 'Spoilers', fr: 'Intrigue' } })).toMatchObject({ summary: 'Spoilers' });
  });

  test('titles, names, alt texts and texts are read from maps, lists and values with a language', () => {
    expect(read({ type: 'Article', nameMap: { en: 'Bread' } })).toMatchObject({ title: 'Bread', language: 'en' });
    expect(read({ type: 'Article', name: 'Pain', nameMap: { fr: 'Pain' } })).toMatchObject({ language: 'fr' });
    expect(read({ content: undefined, contentMap: ['<p>Hello</p>'] })).toMatchObject({ html: '<p>Hello</p>' });
    expect(read({ content: { '@value': '<p>Hello</p>', '@language': 'en' } })).toMatchObject({
      html: '<p>Hello</p>',
      language: 'en',
    });
    const attachment = {
      type: 'Image',
      url: 'https://x.example/a.png',
      mediaType: 'image/png',
      nameMap: { en: 'A cat' },
    };
    expect(read({ attachment })?.attachments).toMatchObject([{ description: 'A cat' }]);
    expect(readActor({ ...person, nameMap: { en: 'Eve' }, summaryMap: { en: '<p>Hi</p>' } })?.profile).toMatchObject({
      displayName: 'Eve',
      summaryHtml: '<p>Hi</p>',
    });
    // No map by language, and no text.
    expect(
      read({ summary: { id: 'https://x.example/1', type: 'Note' }, summaryMap: { type: 'Note', en: 'x' } }),
    ).toMatchObject({
      summary: '',
    });
  });
});

describe('types and addresses', () => {
  test('the first known type counts, wherever it stands, and nothing is both a post and somebody', () => {
    expect(read({ type: ['schema:Thing', 'Note'] })).toMatchObject({ kind: 'note' });
    expect(read({ type: ['Note', 'https://ns.example/Place'] })).toMatchObject({ kind: 'note' });
    expect(read({ tag: { type: ['schema:Thing', 'Hashtag'], name: '#one' } })?.hashtags).toEqual(['one']);
    const person = { id: author.uri, preferredUsername: 'eve', inbox: `${author.uri}/inbox` };
    expect(readActor({ ...person, type: ['schema:Person', 'Person'] })?.profile.kind).toBe('person');
    expect(readActor({ ...person, type: ['Note', 'Person'] })).toBeUndefined();
    expect(read({ type: ['Note', 'Person'] })).toBeUndefined();
  });

  test('addresses are found in lists, Links and objects, to a depth', () => {
    const base = { id: author.uri, type: 'Person', preferredUsername: 'eve' };
    const inbox = `${author.uri}/inbox`;
    const actor = (fields: Record<string, unknown>) => readActor({ ...base, inbox, ...fields })?.profile;
    const link = { type: 'Link', href: 'https://x.example/a.png', mediaType: 'image/png' };
    for (const url of [link, [link], ['https://x.example/a.png']])
      expect(actor({ icon: { type: 'Image', url } })?.avatarUrl).toBe('https://x.example/a.png');
    expect(actor({ image: { type: 'Image', url: [link] } })?.headerUrl).toBe('https://x.example/a.png');
    expect(actor({ inbox: { id: inbox, type: 'OrderedCollection' } })?.inbox).toBe(inbox);
    const emoji = { type: 'Emoji', name: ':cat:', icon: { type: 'Image', url: link } };
    expect(read({ content: 'a :cat:', tag: emoji })?.emojis).toEqual([{ shortcode: 'cat', url: link.href }]);
    const parent = 'https://y.example/1';
    expect(read({ inReplyTo: { type: 'Link', href: parent } })?.inReplyToUri).toBe(parent);
    let deep: unknown = 'https://x.example/a.png';
    for (let i = 0; i < 10_000; i++) deep = { url: deep };
    expect(actor({ icon: deep })?.avatarUrl).toBeUndefined();
  });
});

describe('a whole profile', () => {
  test('takes no more than about 32 KiB, whatever a stranger makes of it', () => {
    const url = (n: number) => `https://x.example/${n}/${'e'.repeat(1_900)}`;
    const long = '字'.repeat(60_000);
    const profile = readActor({
      id: author.uri,
      type: 'Person',
      preferredUsername: 'eve',
      inbox: `${author.uri}/inbox`,
      name: long,
      summary: `<p>${long} :e1:</p>`,
      attachment: Array.from({ length: 50 }, (_, n) => ({
        type: 'PropertyValue',
        name: `${n}${long}`,
        value: `:e${n}: ${long}`,
      })),
      tag: Array.from({ length: 200 }, (_, n) => ({ type: 'Emoji', name: `:e${n}:`, icon: { url: url(n) } })),
      alsoKnownAs: Array.from({ length: 200 }, (_, n) => url(n)),
    })!.profile;
    expect(Buffer.byteLength(JSON.stringify(profile))).toBeLessThan(32 * 1024);
    expect(profile.summaryHtml).toMatch(/^<p>字+.*<\/p>$/);
  });

  test('keeps the emoji that its texts show, and no others', () => {
    const emoji = (name: string) => ({
      type: 'Emoji',
      name: `:${name}:`,
      icon: { url: `https://x.example/${name}.png` },
    });
    const tag = ['name', 'bio', 'field', 'other'].map(emoji);
    const base = { id: author.uri, type: 'Person', preferredUsername: 'eve', inbox: `${author.uri}/inbox` };
    const field = { type: 'PropertyValue', name: 'Mood', value: 'so :field:' };
    const { emojis } = readActor({
      ...base,
      name: 'Eve :name:',
      summary: '<p>:bio:</p>',
      attachment: [field],
      tag,
    })!.profile;
    expect(emojis?.map(({ shortcode }) => shortcode)).toEqual(['name', 'bio', 'field']);
    expect(read({ content: 'only :bio:', tag })?.emojis.map(({ shortcode }) => shortcode)).toEqual(['bio']);
  });
});
