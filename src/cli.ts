/** The operator's commands: `npm run -s parvis -- COMMAND …`, on the same use-cases as the server, beside it or without it. */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 26) {
  console.error(
    `Parvis needs Node 26 or newer, this is ${process.version}. Run "npm ci" here and use "npm run -s parvis -- …": that brings its own Node.`,
  );
  process.exit(1);
}

const { enableCompileCache } = await import('node:module');
enableCompileCache();
const { runCommandLine } = await import('#cli/run.ts');

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await runCommandLine(process.argv.slice(2));
