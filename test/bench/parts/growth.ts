import { type Ctx, inTransaction } from '#context.ts';
import type { World } from '../harness/world.ts';

export interface GrowthSize {
  accounts: number;
  posts: number;
  homeRows: number;
}

const CHUNK = 5_000;
const DAY = 86_400_000;

/** Fills the database as years of use would: remote accounts, their posts over the last year, full home timelines. */
export async function grow(world: World, { accounts, posts, homeRows }: GrowthSize): Promise<void> {
  await world.prepare(async (ctx) => {
    const started = ctx.now() - 365 * DAY;
    const accountId = (n: number) => (started - 400 * DAY) * 1024 + n * 64;
    await inChunks(ctx, accounts, async (tx, n) => {
      const uri = `https://host${n % 2_000}.example/users/u${n}`;
      await tx.db.run(
        `INSERT INTO account (id, created_at, version, username_key, kind, username, host, uri, url, inbox, shared_inbox)
         VALUES (?, ?, ?, ?, 'person', ?, ?, ?, ?, ?, ?)`,
        [
          accountId(n),
          started,
          started,
          `u${n}`,
          `u${n}`,
          `host${n % 2_000}.example`,
          uri,
          uri,
          `${uri}/inbox`,
          `https://host${n % 2_000}.example/inbox`,
        ],
      );
    });
    const step = Math.floor((365 * DAY) / posts);
    const postId = (n: number) => (started + n * step) * 1024 + 63;
    const html = `<p>${'une phrase ordinaire sur la place publique '.repeat(8)}</p>`;
    await inChunks(ctx, posts, async (tx, n) => {
      const uri = `https://host${n % 2_000}.example/notes/${n}`;
      const time = started + n * step;
      await tx.db.run(
        `INSERT INTO post (id, account_id, kind, uri, url, visibility, html, thread_id, published_at, version)
         VALUES (?, ?, 'note', ?, ?, 'public', ?, ?, ?, ?)`,
        [postId(n), accountId(n % accounts), uri, uri, html, postId(n), time, time],
      );
    });
    await inChunks(ctx, homeRows, async (tx, n) => {
      await tx.db.run('INSERT INTO home (account_id, post_id) VALUES (?, ?) ON CONFLICT DO NOTHING', [
        accountId(Math.floor(n / 800) % accounts),
        postId(((n % 800) * Math.max(1, Math.floor(posts / 800)) + Math.floor(n / 800)) % posts),
      ]);
    });
  });
  for (const [table, wanted] of [
    ['account', accounts],
    ['post', posts],
    ['home', homeRows],
  ] as const) {
    const rows = await world.count(`SELECT count(*) AS n FROM ${table}`);
    if (rows < wanted) throw new Error(`The grown database has ${rows} rows of ${table}, not ${wanted}`);
  }
}

async function inChunks(ctx: Ctx, count: number, insert: (tx: Ctx, n: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < count; start += CHUNK) {
    await inTransaction(ctx, async (tx) => {
      for (let n = start; n < Math.min(count, start + CHUNK); n++) await insert(tx, n);
    });
  }
}
