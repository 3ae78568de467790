import type { SigningActor } from './actors.ts';

/** The inline context that Mastodon 4.5 sends with a post. */
const context = [
  'https://www.w3.org/ns/activitystreams',
  {
    ostatus: 'http://ostatus.org#',
    atomUri: 'ostatus:atomUri',
    inReplyToAtomUri: 'ostatus:inReplyToAtomUri',
    conversation: 'ostatus:conversation',
    sensitive: 'as:sensitive',
    toot: 'http://joinmastodon.org/ns#',
    votersCount: 'toot:votersCount',
    blurhash: 'toot:blurhash',
    focalPoint: { '@container': '@list', '@id': 'toot:focalPoint' },
    Hashtag: 'as:Hashtag',
    quote: 'https://w3id.org/fep/044f#quote',
    quoteUri: 'http://fedibird.com/ns#quoteUri',
    interactionPolicy: { '@id': 'gts:interactionPolicy', '@type': '@id' },
    gts: 'https://gotosocial.org/ns#',
    canQuote: { '@id': 'gts:canQuote', '@type': '@id' },
    automaticApproval: { '@id': 'gts:automaticApproval', '@type': '@id' },
  },
];

const words =
  'place marché débat public vote budget tramway école pont rivière maire question réponse source photo direct'.split(
    ' ',
  );

/** About 500 characters of markup, different for each number. */
function contents(n: number): string {
  const text = Array.from({ length: 45 }, (_, i) => words[(n * 7 + i * (1 + (n % 5))) % words.length]).join(' ');
  return `<p>${text} <a href="https://news.example/articles/${n}" target="_blank" rel="nofollow noopener noreferrer" translate="no"><span class="invisible">https://</span><span class="ellipsis">news.example/articles/${n}</span><span class="invisible"></span></a> <a href="https://social.example/tags/debat" class="mention hashtag" rel="tag">#<span>debat</span></a></p>`;
}

export function noteUri(actor: SigningActor, n: number): string {
  return `${actor.origin}/users/${actor.name}/statuses/${n}`;
}

export function note(actor: SigningActor, n: number, published: Date) {
  const uri = noteUri(actor, n);
  const html = contents(n);
  const collection = (name: string) => ({
    id: `${uri}/${name}`,
    type: 'Collection',
    first: { type: 'CollectionPage', next: `${uri}/${name}?page=true`, partOf: `${uri}/${name}`, items: [] },
  });
  return {
    id: uri,
    type: 'Note',
    summary: null,
    inReplyTo: null,
    published: `${published.toISOString().slice(0, 19)}Z`,
    url: `${actor.origin}/@${actor.name}/${n}`,
    attributedTo: actor.uri,
    to: ['https://www.w3.org/ns/activitystreams#Public'],
    cc: [`${actor.uri}/followers`],
    sensitive: false,
    atomUri: uri,
    inReplyToAtomUri: null,
    conversation: `tag:${actor.host},${published.toISOString().slice(0, 10)}:objectId=${n}:objectType=Conversation`,
    context: `${actor.origin}/contexts/${n}`,
    content: html,
    contentMap: { fr: html },
    interactionPolicy: { canQuote: { automaticApproval: ['https://www.w3.org/ns/activitystreams#Public'] } },
    attachment: [],
    tag: [{ type: 'Hashtag', href: `${actor.origin}/tags/debat`, name: '#debat' }],
    replies: collection('replies'),
    likes: { id: `${uri}/likes`, type: 'Collection', totalItems: 0 },
    shares: { id: `${uri}/shares`, type: 'Collection', totalItems: 0 },
  };
}

export function create(actor: SigningActor, n: number, published: Date) {
  const object = note(actor, n, published);
  const { to, cc, published: time } = object;
  return {
    '@context': context,
    id: `${object.id}/activity`,
    type: 'Create',
    actor: actor.uri,
    published: time,
    to,
    cc,
    object,
  };
}

export function update(actor: SigningActor, n: number, published: Date, updated: Date) {
  const object = { ...note(actor, n, published), content: `<p>corrected ${n}</p>`, updated: updated.toISOString() };
  const id = `${object.id}#updates/${updated.getTime()}`;
  return {
    '@context': context,
    id,
    type: 'Update',
    actor: actor.uri,
    published: updated.toISOString(),
    to: object.to,
    cc: object.cc,
    object,
  };
}

export function remove(actor: SigningActor, n: number) {
  const uri = noteUri(actor, n);
  const to = ['https://www.w3.org/ns/activitystreams#Public'];
  return {
    '@context': context[0],
    id: `${uri}#delete`,
    type: 'Delete',
    actor: actor.uri,
    to,
    object: { id: uri, type: 'Tombstone', atomUri: uri },
  };
}

export function like(actor: SigningActor, n: number, object: string) {
  return { '@context': context[0], id: `${actor.uri}#likes/${n}`, type: 'Like', actor: actor.uri, object };
}

export function announce(actor: SigningActor, n: number, object: string, published: Date) {
  return {
    '@context': context[0],
    id: `${noteUri(actor, n)}/activity`,
    type: 'Announce',
    actor: actor.uri,
    published: published.toISOString(),
    to: ['https://www.w3.org/ns/activitystreams#Public'],
    cc: [`${actor.uri}/followers`],
    object,
  };
}

export function follow(actor: SigningActor, n: number, object: string) {
  return { '@context': context[0], id: `${actor.origin}/follows/${n}`, type: 'Follow', actor: actor.uri, object };
}

export function undo(actor: SigningActor, n: number, object: { id: string }) {
  return { '@context': context[0], id: `${object.id}#undo/${n}`, type: 'Undo', actor: actor.uri, object };
}
