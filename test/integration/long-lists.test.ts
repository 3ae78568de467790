import { expect, it } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import type { Db, SqlValue } from '#db/database.ts';
import type { Account } from '#domain/accounts/account.ts';
import { readThread } from '#domain/posts/read-thread.ts';
import { readThreadStamp } from '#domain/posts/thread-store.ts';
import { listByAccount, listByHashtag } from '#domain/timelines/timeline-store.ts';
import { onEachDialect } from '../support/databases.ts';
import { buildRemoteAccount } from '../support/remote-posts.ts';
import { createTestApp } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

/** Strangers decide how long a list is, and how much of it a page passes over. */

/** `count` posts of an account with ids from `from` on, quicker than they could come. */
async function fill(
  ctx: Ctx,
  account: Account,
  posts: { from: number; count: number; visibility?: string; inReplyToId?: number },
): Promise<void> {
  const { from, count, visibility = 'public', inReplyToId } = posts;
  await inTransaction(ctx, (tx) =>
    tx.db.run(
      `INSERT INTO post (id, account_id, kind, uri, url, visibility, html, thread_id, in_reply_to_uri, in_reply_to_id, answer_rank, published_at, version)
       WITH RECURSIVE numbers (n) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       SELECT n, CAST(? AS BIGINT), 'note', 'https://remote.example/filled/' || CAST(n AS TEXT), '', CAST(? AS TEXT), '<p>Filled</p>',
         CAST(? AS BIGINT), CASE WHEN CAST(? AS BIGINT) IS NULL THEN NULL ELSE 'https://parvis.example/' END, CAST(? AS BIGINT), 2, 1, n FROM numbers`,
      [from, from + count - 1, account.id, visibility, inReplyToId ?? from, inReplyToId, inReplyToId],
    ),
  );
}

const FROM = 1_000_000_000_000_000;
const posts = { replies: 'without', reblogs: 'with' } as const;

onEachDialect('A long list', (dialect) => {
  it('leads past what the viewer may not see', async () => {
    await using app = await createTestApp({ dialect });
    const { ctx } = app;
    const carol = await buildRemoteAccount(ctx, 'carol');
    await fill(ctx, carol, { from: FROM, count: 3 });
    await fill(ctx, carol, { from: FROM + 10, count: 4_500, visibility: 'followers' });
    await fill(ctx, carol, { from: FROM + 10_000, count: 2 });
    const list = async (viewer: number | undefined, limit: number, before?: number) =>
      (await listByAccount(ctx.db, viewer, carol.id, posts, { limit, before })).map(({ id }) => id - FROM);
    expect(await list(undefined, 4)).toEqual([10_001, 10_000, 2, 1]);
    expect(await list(undefined, 9)).toEqual([10_001, 10_000, 2, 1, 0]);
    expect(await list(undefined, 2, FROM + 10_000)).toEqual([2, 1]);
    expect(await list(carol.id, 3)).toEqual([10_001, 10_000, 4_509]);
    expect(await list(carol.id, 5_000)).toHaveLength(4_505);
  });
});

it('Of a list without end SQLite reads what is shown', async () => {
  await using app = await createTestApp();
  const { ctx } = app;
  const alice = await buildUser(ctx, 'alice');
  const post = await buildPost(ctx, alice);
  const mallory = await buildRemoteAccount(ctx, 'mallory');
  await fill(ctx, mallory, { from: FROM, count: 20_000, inReplyToId: post.id });
  await inTransaction(ctx, async (tx) => {
    await tx.db.run("INSERT INTO hashtag (id, name, display) VALUES (1, 'evil', 'evil')");
    await tx.db.run(
      'INSERT INTO post_hashtag (post_id, hashtag_id, is_public) SELECT id, 1, 0 FROM post WHERE account_id = ?',
      [mallory.id],
    );
  });
  /** How SQLite goes about everything that is asked of `db`. */
  const plansOf = async (read: (db: Db) => Promise<unknown>): Promise<string[]> => {
    const plans: string[] = [];
    const explained = (ask: Db['all'] | Db['get']) => async (sql: string, params: readonly SqlValue[]) => {
      const steps = await ctx.db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
      plans.push(...steps.map(({ detail }) => detail));
      return ask(sql, params);
    };
    await read({ ...ctx.db, all: explained(ctx.db.all), get: explained(ctx.db.get) } as Db);
    return plans;
  };
  const reads: [(db: Db) => Promise<unknown>, ...indexes: string[]][] = [
    [
      (db) => listByAccount(db, undefined, mallory.id, posts, { limit: 21 }),
      'post_account_top (account_id=? AND id>? AND id<?)',
    ],
    [
      (db) => listByAccount(db, undefined, mallory.id, { ...posts, replies: 'with', media: 'only' }, { limit: 21 }),
      'post_account_media (account_id=? AND id>? AND id<?)',
    ],
    [
      (db) => listByHashtag(db, undefined, 'evil', { limit: 21 }),
      '(hashtag_id=? AND is_public=? AND post_id>? AND post_id<?)',
    ],
    [
      (db) => readThread({ ...ctx, db }, alice.id, post),
      'post_in_reply_to (in_reply_to_id=? AND (answer_rank,id)>(?,?))',
      'post_in_reply_to (in_reply_to_id=? AND answer_rank=? AND id>?)',
      'post_in_reply_to (in_reply_to_id=? AND answer_rank>?)',
    ],
    [(db) => readThreadStamp(db, post.threadId!), 'COVERING INDEX post_thread_stamp (thread_id=?)'],
  ];
  for (const isAnalyzed of [false, true]) {
    // With statistics SQLite chooses differently; the server makes them when it stops.
    if (isAnalyzed) await inTransaction(ctx, (tx) => tx.db.run('ANALYZE'));
    for (const [read, ...indexes] of reads) {
      const plans = await plansOf(read);
      expect(plans.filter((step) => /^SCAN (?:post|post_hashtag)(?: |$)/.test(step))).toEqual([]);
      for (const index of indexes) expect(plans.join('\n')).toContain(index);
    }
  }
});
