/** The operator's commands: `npm run -s parvis -- COMMAND …`, on the same use-cases as the server, beside it or without it. Started by bin/parvis.js. */
import { runCommandLine } from '#cli/run.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await runCommandLine(process.argv.slice(2));
// Once all is printed. What still waits for a database that does not answer would keep the command from ending.
process.stdout.write('', () => process.exit());
