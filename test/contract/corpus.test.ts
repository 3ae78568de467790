import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readActor } from '#activitypub/remote/actor-reader.ts';
import { actorKindOf, postKindOf } from '#activitypub/remote/kinds.ts';
import { httpUrl, idOf, own, soleIdOf } from '#activitypub/remote/fields.ts';
import { authorsOf, isVote, readPost } from '#activitypub/remote/object-reader.ts';
import type { ReceivedPost } from '#domain/posts/receive-post.ts';
import { htmlToText, sanitizeHtml } from '#lib/html.ts';
import { isSameOrigin } from '#lib/host.ts';
import { isJsonObject, type JsonObject, parseJsonGuarded } from '#lib/json.ts';

/** Real and specification documents of 18 servers: see ../shared/data/activitypub/MANIFEST.csv. */
const folder = join(process.env['SHARED_DIR'] ?? '../shared', 'data/activitypub');
const NOW = Date.UTC(2026, 0, 15);

interface Entry {
  software: string;
  file: string;
  isCapture: boolean;
}

function readManifest(): Entry[] {
  const rows = readFileSync(join(folder, 'MANIFEST.csv'), 'utf8').trim().split('\n').slice(1);
  return rows.map((row) => {
    const [software = '', file = ''] = row.split(',');
    return { software, file, isCapture: row.includes(',capture,') };
  });
}

/** The objects of a document that look like something we read, however deep. */
function* objectsIn(value: unknown): Generator<JsonObject> {
  if (Array.isArray(value)) for (const item of value) yield* objectsIn(item);
  if (!isJsonObject(value)) return;
  yield value;
  for (const item of Object.values(value)) yield* objectsIn(item);
}

function checkPost(post: ReceivedPost): void {
  expect(httpUrl(post.uri)).toBe(post.uri);
  expect(httpUrl(post.url)).toBe(post.url);
  expect(sanitizeHtml(post.html)).toBe(post.html);
  expect(post.publishedAt).toBeLessThanOrEqual(NOW);
  expect(post.publishedAt).toBeGreaterThanOrEqual(Date.UTC(2001, 0, 1));
  expect(['public', 'unlisted', 'followers', 'direct']).toContain(post.visibility);
  if (post.language !== undefined) expect(() => new Intl.Locale(post.language!)).not.toThrow();
  for (const attachment of post.attachments) expect(httpUrl(attachment.url)).toBe(attachment.url);
}

describe.skipIf(!existsSync(folder))('documents of other servers', () => {
  const counts = { documents: 0, actors: 0, actorsRead: 0, withKeys: 0, posts: 0, postsRead: 0, withText: 0 };
  const unread: string[] = [];

  test.each(existsSync(folder) ? readManifest() : [])(
    '$file is read or left alone, and breaks nothing',
    ({ file, isCapture }) => {
      const bytes = readFileSync(join(folder, file));
      const parsed = parseJsonGuarded(bytes);
      if (!parsed.ok) return;
      counts.documents++;
      for (const json of objectsIn(parsed.value)) {
        if (actorKindOf(json) !== undefined) {
          const actor = readActor(json);
          if (isCapture && own(json, 'inbox') !== undefined) counts.actors++;
          if (actor) {
            if (isCapture) counts.actorsRead++;
            if (actor.keys.length > 0) counts.withKeys++;
            for (const key of actor.keys) expect(isSameOrigin(key.uri, actor.profile.uri)).toBe(true);
            expect(sanitizeHtml(actor.profile.summaryHtml ?? '')).toBe(actor.profile.summaryHtml);
          } else if (isCapture && own(json, 'inbox') !== undefined) unread.push(`${file}: ${String(own(json, 'id'))}`);
        }
        if (postKindOf(json) !== undefined) {
          const id = idOf(json);
          const author = id === undefined ? undefined : authorsOf(json).find((uri) => isSameOrigin(uri, id));
          const followersUri = author === undefined ? undefined : `${author}/followers`;
          const post = readPost(json, { uri: author ?? 'https://nobody.example/', followersUri }, NOW);
          if (post) checkPost(post);
          if (author === undefined || isVote(json)) continue;
          counts.posts++;
          if (post) counts.postsRead++;
          else unread.push(`${file}: ${id}`);
          if (post && (htmlToText(post.html) !== '' || post.title !== '' || post.attachments.length > 0))
            counts.withText++;
        }
        soleIdOf(own(json, 'object'));
      }
    },
  );

  test('nearly all real actors and posts are understood', () => {
    expect(counts.documents).toBeGreaterThan(1_000);
    expect(counts.actorsRead / counts.actors, unread.join('\n')).toBeGreaterThan(0.9);
    expect(counts.postsRead, unread.join('\n')).toBe(counts.posts);
    expect(counts.withText / counts.postsRead).toBeGreaterThan(0.9);
  });
});
