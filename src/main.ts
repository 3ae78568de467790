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
  const asked = readConfig();
  await configureLog(asked.logLevel);
  // Before anything is made: without an ORIGIN, the port is part of every address.
  const config = asked.port === 0 ? withPort(asked, await findFreePort(asked.listenHost)) : asked;
  const app = await createApp(config);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      stop(app, { exitCode: 0 }).then(
        () => process.exit(0),
        (error: unknown) => {
          loggerOf('server').error('Stopping failed: {message}', { message: String(error) });
          process.exit(1);
        },
      );
    });
  }
  const port = await app.listen().catch(async (error: unknown) => {
    await stop(app, { exitCode: 1 });
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

/** Stops the app, and ends the process with `exitCode` where that takes too long. */
async function stop(app: App, { exitCode }: { exitCode: number }): Promise<void> {
  const limit = setTimeout(() => {
    loggerOf('server').warning(
      'Stopped without giving everything back: the database did not answer. Nothing is lost, what this process had in hand is free again once its leases end',
    );
    process.exit(exitCode);
  }, LIMIT);
  await app.stop(PATIENCE);
  clearTimeout(limit);
}
