/** The server's process: configuration, the app, signals. Started by bin/server.js. */
import { type App, createApp } from '#app.ts';
import { readConfig, withPort } from '#config.ts';
import { ExpectedError } from '#lib/expected-error.ts';
import { isLoopback } from '#lib/host.ts';
import { findFreePort, urlOf } from '#lib/listening.ts';
import { configureLog, loggerOf } from '#lib/log.ts';
import { releaseMemory } from '#lib/release-memory.ts';

/** Milliseconds that requests and jobs have to finish after a signal. */
const PATIENCE = 8_000;
/** Milliseconds for the whole stop, with what is to be written in the database: below the ten seconds that service managers give. */
const LIMIT = 9_500;

try {
  let stopping = false;
  const starting: { app?: Promise<App> } = {};
  // Before anything is made, so that a signal finds every slot and lease that was taken.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      stop(starting.app, { exitCode: 0 }).then(
        () => process.exit(0),
        (error: unknown) => {
          loggerOf('server').error('Stopping failed: {message}', { message: String(error) });
          process.exit(1);
        },
      );
    });
  }
  const asked = readConfig();
  await configureLog(asked.logLevel);
  // Before anything is made: without an ORIGIN, the port is part of every address.
  const config = asked.port === 0 ? withPort(asked, await findFreePort(asked.listenHost)) : asked;
  starting.app = createApp(config);
  const app = await starting.app;
  if (stopping) await new Promise<never>(() => {});
  const port = await app.listen().catch(async (error: unknown) => {
    await stop(starting.app, { exitCode: 1 });
    throw error;
  });
  releaseMemory();
  // Forms work at the origin only: where it is on this machine, a second address would be taken for it.
  const isHere = config.role !== 'worker' && isLoopback(new URL(config.origin).hostname);
  const place = port === undefined || isHere ? '' : ` on ${urlOf({ host: config.listenHost, port })}`;
  console.log(`Parvis ${config.role === 'worker' ? 'works for' : 'serves'} ${config.origin}${place}`);
  const ownerLink = config.role === 'worker' ? undefined : await app.ownerLink();
  if (ownerLink !== undefined) console.log(`Nobody owns this place yet. Become its owner within an hour: ${ownerLink}`);
} catch (error) {
  console.error(error instanceof ExpectedError ? error.message : error);
  process.exit(1);
}

/** Stops the app, once it has started, and ends the process with `exitCode` where that takes too long. */
async function stop(starting: Promise<App> | undefined, { exitCode }: { exitCode: number }): Promise<void> {
  const limit = setTimeout(() => {
    loggerOf('server').warning(
      'Stopped without giving everything back: the database did not answer. Nothing is lost, what this process had in hand is free again once its leases end',
    );
    process.exit(exitCode);
  }, LIMIT);
  // What fails to start gives everything back itself.
  const app = await starting?.catch(() => undefined);
  await app?.stop(PATIENCE);
  clearTimeout(limit);
}
