import type { Ctx } from '#context.ts';
import { NotFound } from '#domain/errors.ts';
import { canSee, type Viewer } from '#domain/posts/post-policy.ts';
import { findPost } from '#domain/posts/post-store.ts';
import { isReblog, type Post } from '#domain/posts/post.ts';

/** @throws NotFound where it does not exist, is deleted, or `viewer` may not see it: the three look the same. */
export async function getVisiblePost(ctx: Ctx, viewer: Viewer, id: number): Promise<Post> {
  const post = await findPost(ctx.db, id);
  if (!post || post.deletedAt !== undefined || !(await canSee(ctx.db, viewer, post))) throw new NotFound('Post');
  return post;
}

/** The post that acting on `id` means: of a reblog, the one it shows. @throws NotFound */
export async function getVisibleOriginal(ctx: Ctx, viewer: Viewer, id: number): Promise<Post> {
  const post = await getVisiblePost(ctx, viewer, id);
  return isReblog(post) ? getVisiblePost(ctx, viewer, post.reblogOfId) : post;
}
