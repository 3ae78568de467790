import { POST_CONTEXT, PUBLIC, toTime, withContext } from '#activitypub/objects/context.ts';
import { type Addressing, addressingOf, toNote, toTombstone, urisOf } from '#activitypub/objects/note.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { NamedAccount } from '#domain/accounts/account-store.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import type { Post } from '#domain/posts/post.ts';
import type { JsonObject } from '#lib/json.ts';

/*
 * Activities as plain JSON, contexts included. Ids are given by the caller, once: a delivery that is repeated carries the same.
 */

type Actor = Pick<Account, 'uri' | 'followersUri'>;

function activity(type: string, id: string, actor: Pick<Account, 'uri'>, rest: JsonObject): JsonObject {
  return withContext(POST_CONTEXT, { id, type, actor: actor.uri, ...rest });
}

/** The Create of a post; its audience is the post's. */
export function toCreate(id: string, view: PostView, origin: string): JsonObject {
  const object = toNote(view, origin);
  return activity('Create', id, view.account, {
    published: object['published'],
    to: object['to'],
    cc: object['cc'],
    object,
  });
}

export function toUpdate(id: string, view: PostView, origin: string): JsonObject {
  const object = toNote(view, origin);
  return activity('Update', id, view.account, {
    published: object['updated'] ?? object['published'],
    to: object['to'],
    cc: object['cc'],
    object,
  });
}

/** A profile that changed. `actor` is the actor's document. */
export function toActorUpdate(id: string, account: Actor, actor: JsonObject, changedAt: number): JsonObject {
  const { '@context': context, ...object } = actor;
  return {
    '@context': context,
    id,
    type: 'Update',
    actor: account.uri,
    published: toTime(changedAt),
    ...addressingOf('public', account, []),
    object,
  };
}

/** A deletion says to whom only what its post said: who was named and whether everybody. */
export function toDelete(id: string, author: Actor, post: Post, mentions: readonly NamedAccount[]): JsonObject {
  return activity('Delete', id, author, {
    ...addressingOf(post.visibility, author, urisOf(mentions)),
    object: toTombstone(post),
  });
}

/** The end of an account: its object is the actor itself, as Mastodon has it. */
export function toActorDelete(id: string, account: Actor): JsonObject {
  return activity('Delete', id, account, { to: [PUBLIC], object: account.uri });
}

/** A reblog, whose own URI is that of the Announce. */
export function toAnnounce(view: PostView): JsonObject {
  const { post, account, reblogOf } = view;
  return activity('Announce', post.uri, account, {
    published: toTime(post.publishedAt),
    ...announceAddressing(post, account, reblogOf && [reblogOf.account.uri]),
    object: reblogOf?.post.uri,
  });
}

/** The Announce is embedded by what finds it: id, actor and object. */
export function toUndoAnnounce(
  id: string,
  account: Actor,
  reblog: Post,
  original: { uri: string; authorUri: string },
): JsonObject {
  const addressing = announceAddressing(reblog, account, [original.authorUri]);
  return activity('Undo', id, account, {
    ...addressing,
    object: { id: reblog.uri, type: 'Announce', actor: account.uri, ...addressing, object: original.uri },
  });
}

function announceAddressing(
  reblog: Pick<Post, 'visibility'>,
  account: Actor,
  named: readonly string[] = [],
): Addressing {
  return addressingOf(reblog.visibility, account, named);
}

/** Activities about one account or one of its posts, told to nobody else. */
export type PersonalType = 'Like' | 'Follow' | 'Block';

export interface Personal {
  type: PersonalType;
  id: string;
  actor: Pick<Account, 'uri'>;
  /** URI of the post or account. */
  object: string;
  /** URI of the account that is told. */
  to: string;
}

export function toPersonal({ type, id, actor, object, to }: Personal): JsonObject {
  return activity(type, id, actor, { to: [to], object });
}

export function toUndo(id: string, undone: Personal): JsonObject {
  return activity('Undo', id, undone.actor, { to: [undone.to], object: embedded(undone) });
}

/** Accept or Reject of a Follow. The Follow is embedded as it came: Lemmy and others compare. */
export function toAnswer(type: 'Accept' | 'Reject', id: string, follow: Personal): JsonObject {
  return activity(type, id, { uri: follow.object }, { to: [follow.actor.uri], object: embedded(follow) });
}

function embedded({ type, id, actor, object }: Personal): JsonObject {
  return { id, type, actor: actor.uri, object };
}

/** A pin or its removal: the post joins or leaves the featured collection. */
export function toFeaturedChange(
  type: 'Add' | 'Remove',
  id: string,
  account: Pick<Account, 'uri' | 'followersUri' | 'featuredUri'>,
  post: string,
): JsonObject {
  return activity(type, id, account, {
    ...addressingOf('public', account, []),
    object: post,
    target: account.featuredUri,
  });
}
