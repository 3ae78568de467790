import { type Db, nextVersion } from '#db/database.ts';
import type { Post } from '#domain/posts/post.ts';
import { parseJsonList } from '#lib/json.ts';

/** What an edit may change. */
export type PostContents = Pick<
  Post,
  'title' | 'html' | 'source' | 'summary' | 'sensitive' | 'language' | 'emojis' | 'attachments'
>;

/** Keeps the present contents in the history, then replaces them. */
export async function updateContents(
  db: Db,
  post: Post,
  contents: PostContents,
  edit: { id: number; editedAt: number; version: number },
) {
  await db.run(
    `INSERT INTO post_edit (id, post_id, title, html, source, summary, sensitive, language, attachments, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      edit.id,
      post.id,
      post.title,
      post.html,
      post.source,
      post.summary,
      post.sensitive,
      post.language,
      JSON.stringify(post.attachments),
      post.editedAt ?? post.publishedAt,
    ],
  );
  await db.run(
    `UPDATE post SET title = ?, html = ?, source = ?, summary = ?, sensitive = ?, language = ?, emojis = ?, attachments = ?, edited_at = ?,
       version = ${nextVersion} WHERE id = ?`,
    [
      contents.title,
      contents.html,
      contents.source,
      contents.summary,
      contents.sensitive,
      contents.language,
      JSON.stringify(contents.emojis),
      JSON.stringify(contents.attachments),
      edit.editedAt,
      edit.version,
      edit.version,
      post.id,
    ],
  );
}

/** Forgets the former contents of a post but the newest `kept`. */
export async function deleteOldEdits(db: Db, postId: number, kept: number): Promise<void> {
  await db.run(
    'DELETE FROM post_edit WHERE id IN (SELECT id FROM post_edit WHERE post_id = ? ORDER BY id DESC LIMIT 100 OFFSET ?)',
    [postId, kept],
  );
}

export interface PostEdit extends Omit<PostContents, 'emojis'> {
  id: number;
  postId: number;
  /** When these contents were written. */
  createdAt: number;
}

/** Former contents, oldest first. */
export async function listEdits(db: Db, postId: number): Promise<PostEdit[]> {
  const rows = await db.all<Omit<PostEdit, 'attachments'> & { attachments: string }>(
    `SELECT id, post_id, title, html, source, summary, sensitive, language, attachments, created_at FROM post_edit
     WHERE post_id = ? ORDER BY id LIMIT 100`,
    [postId],
  );
  return rows.map((row) => ({
    ...row,
    sensitive: Boolean(row.sensitive),
    attachments: parseJsonList(row.attachments),
  }));
}
