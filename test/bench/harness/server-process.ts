/** The real server, as main.ts starts it, with a line to the benchmark: what only the inside can do or count. */
import { createApp } from '#app.ts';
import { readConfig } from '#config.ts';
import { publish } from '#domain/posts/publish.ts';
import { homeTimeline } from '#domain/timelines/home.ts';
import { configureLog } from '#lib/log.ts';

export type ServerMessage =
  | { type: 'publish'; authorId: number; count: number; concurrency: number }
  | { type: 'home'; accountId: number; count: number }
  | { type: 'ping' };

const config = readConfig();
await configureLog(config.logLevel);
const app = await createApp(config);

async function publishMany({
  authorId,
  count,
  concurrency,
}: Extract<ServerMessage, { type: 'publish' }>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count)
        await publish(app.ctx, authorId, {
          text: `Le pont ferme ce soir, numéro ${next++} #pont https://ville.example/ponts`,
        });
    }),
  );
}

async function answer(message: ServerMessage): Promise<unknown> {
  const started = performance.now();
  if (message.type === 'publish') await publishMany(message);
  if (message.type === 'home') {
    for (let i = 0; i < message.count; i++) await homeTimeline(app.ctx, message.accountId, { limit: 20 });
  }
  return { type: 'done', ms: performance.now() - started };
}

process.on(
  'message',
  (message: ServerMessage) => void answer(message).then((reply) => process.send?.(reply as object)),
);
process.on('SIGTERM', () => void app.stop(8_000).then(() => process.exit(0)));

process.send?.({ type: 'listening', port: await app.listen() });
