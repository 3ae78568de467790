/**
 * Keeps what the migrations make, for the newest of them: the schema that a start compares with, and a small database of that version
 * which later versions must be able to upgrade. Run once per new migration, before it lands: `node test/support/release-database.ts`.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { openDatabase } from '#db/open.ts';
import { block } from '#domain/relationships/block.ts';
import { favourite } from '#domain/posts/favourite.ts';
import { FIXTURE_SECRET } from './fixture-secret.ts';
import { buildKnownAccount, buildRemoteFollower } from './remote-followers.ts';
import { createTestApp } from './test-app.ts';
import { buildPost, buildUser } from './world.ts';

const root = join(import.meta.dirname, '../..');
const newest = readdirSync(join(root, 'migrations'))
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .at(-1)!
  .replace(/\.ts$/, '');

await using app = await createTestApp({ config: { secret: FIXTURE_SECRET } });
const { ctx } = app;
const alice = await buildUser(ctx, 'alice', { role: 'owner' });
const bob = await buildUser(ctx, 'bob');
for (const host of ['one.example', 'two.example']) await buildRemoteFollower(ctx, `reader@${host}`, alice);
const troll = await buildKnownAccount(ctx, 'troll@three.example');
await block(ctx, bob.id, troll.id);
const first = await buildPost(ctx, alice, { text: 'First post, #hello @bob' });
await buildPost(ctx, bob, { text: 'An answer', inReplyToId: first.id });
await favourite(ctx, bob.id, first.id);
await buildPost(ctx, alice, { text: 'Waits for servers that are down' });
// Nobody answers on this network: what goes out stays in the queue.
await app.drain();

const copy = join(app.dataDir, 'copy.sqlite');
const server = await openDatabase(ctx.config);
await server.backup(copy);
await server.close();
const database = new DatabaseSync(copy);
database.exec('PRAGMA journal_mode = DELETE; VACUUM');
const rows = database
  .prepare(
    "SELECT t.name AS t, c.name AS c FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, c.name",
  )
  .all() as { t: string; c: string }[];
database.close();
const schema = Object.fromEntries(
  [...Map.groupBy(rows, ({ t }) => t)].map(([table, columns]) => [table, columns.map(({ c }) => c)]),
);
writeFileSync(join(root, 'migrations/schemas', `${newest}.json`), `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(join(root, 'test/fixtures/databases', `${newest}.sqlite.gz`), gzipSync(readFileSync(copy), { level: 9 }));
rmSync(copy);
console.log(`${newest}: ${Object.keys(schema).length} tables`);
