/** Process entry: configuration, the server, signals. The only file with effects at the top level. */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 26) {
  console.error(
    `Parvis needs Node 26 or newer, this is ${process.version}. Run "npm ci" here and start it with "npm start": that brings its own Node.`,
  );
  process.exit(1);
}

const { enableCompileCache } = await import('node:module');
enableCompileCache();
const { configureLog, loggerOf } = await import('#lib/log.ts');
const { readConfig } = await import('#config.ts');
const { createApp } = await import('#app.ts');
const { releaseMemory } = await import('#lib/release-memory.ts');

/** Milliseconds that requests and jobs have to finish after a signal: below the ten seconds that service managers give. */
const PATIENCE = 8_000;

try {
  const config = readConfig();
  await configureLog(config.logLevel);
  const app = await createApp(config);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      app.stop(PATIENCE).then(
        () => process.exit(0),
        (error: unknown) => {
          loggerOf('server').error('Stopping failed: {message}', { message: String(error) });
          process.exit(1);
        },
      );
    });
  }
  const port = await app.listen().catch(async (error: unknown) => {
    await app.stop();
    throw error;
  });
  releaseMemory();
  const place = port === undefined ? '' : ` on http://${config.listenHost}:${port}`;
  console.log(`Parvis ${config.role === 'worker' ? 'works for' : 'serves'} ${config.origin}${place}`);
  const ownerLink = config.role === 'worker' ? undefined : await app.ownerLink();
  if (ownerLink !== undefined) console.log(`Nobody owns this place yet. Become its owner within an hour: ${ownerLink}`);
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}

/** One line that says what to do where the operator can do something about it; else the whole error. */
function explain(error: unknown): unknown {
  const { name, message, code, syscall } = error as NodeJS.ErrnoException;
  if (name === 'ConfigError' || name === 'DatabaseUnavailable') return message;
  if (syscall !== 'listen') return error;
  const reason =
    code === 'EADDRINUSE'
      ? 'another program uses it'
      : code === 'EACCES'
        ? 'ports below 1024 need a privilege'
        : message;
  return `Cannot listen there: ${reason}. Choose another HOST or PORT`;
}
