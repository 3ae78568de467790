import { typesOf } from '#activitypub/remote/fields.ts';
import type { AccountKind } from '#domain/accounts/account.ts';
import type { PostKind } from '#domain/posts/post.ts';
import type { JsonObject } from '#lib/json.ts';

type ReceivedKind = Exclude<PostKind, 'reblog'>;

const ACTORS = new Map<string, AccountKind>([
  ['Person', 'person'],
  ['Service', 'service'],
  ['Group', 'group'],
  ['Organization', 'organization'],
  ['Application', 'application'],
]);

const POSTS = new Map<string, ReceivedKind>([
  ['Note', 'note'],
  ['ChatMessage', 'note'],
  ['Article', 'article'],
  ['Page', 'page'],
  ['Question', 'question'],
  ['Event', 'event'],
  ['Video', 'video'],
  ['Audio', 'audio'],
  ['Image', 'image'],
  ['Document', 'document'],
]);

/** What kind of actor it is, by the first of its types that is one. Undefined for what is none, or says that it is a post too. */
export function actorKindOf(json: JsonObject): AccountKind | undefined {
  return kindOf(json, ACTORS, POSTS);
}

/** What kind of post it is, by the first of its types that is one. Undefined for what is none, or says that it is an actor too. */
export function postKindOf(json: JsonObject): ReceivedKind | undefined {
  return kindOf(json, POSTS, ACTORS);
}

function kindOf<T>(json: JsonObject, kinds: ReadonlyMap<string, T>, others: ReadonlyMap<string, unknown>) {
  const types = typesOf(json);
  return types.some((type) => others.has(type)) ? undefined : types.flatMap((type) => kinds.get(type) ?? [])[0];
}
