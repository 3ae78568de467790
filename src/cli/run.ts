import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '#config.ts';
import type { Core } from '#core.ts';
import { type Answer, type Command, type Input, readInput, UsageError } from '#cli/command.ts';
import { commands } from '#cli/commands.ts';
import { helpOf, overview, usageOf } from '#cli/help.ts';
import { CommandError, forTerminal } from '#cli/terminal.ts';
import { SQLITE_FILE } from '#lib/data-folder.ts';
import { ExpectedError } from '#lib/expected-error.ts';

/** Exit codes: done; refused or failed; written wrongly. */
type ExitCode = 0 | 1 | 2;

/** Milliseconds that jobs under way have to finish at the end, and for the whole end, with what is to be written in the database. */
const PATIENCE = 5_000;
const LIMIT = 8_000;

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs one command line. The result goes to standard output, everything else to standard error. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  let found: ReturnType<typeof findCommand>;
  try {
    found = findCommand(argv);
    if (typeof found === 'string') return print(found);
    const input = readInput(found.command, found.words);
    if (input.common.help) return print(helpOf(found.name, found.command));
    const answer = await run(found.command, input);
    const failed = (answer.json as { ok?: unknown } | null)?.ok === false;
    print(input.common.json ? toJson(answer.json) : answer.text);
    return failed ? 1 : 0;
  } catch (error) {
    complain(describe(error));
    if (!(error instanceof UsageError)) return 1;
    if (found! !== undefined && typeof found !== 'string') complain(`Usage: ${usageOf(found.name, found.command)}`);
    return 2;
  }
}

interface Found {
  name: string;
  command: Command;
  /** What follows the name. */
  words: string[];
}

/** The command that `argv` names, or the help that answers it. @throws UsageError */
function findCommand(argv: readonly string[]): Found | string {
  const start = argv.findIndex((word) => !['--json', '--wait', '--help'].includes(word));
  const words = start < 0 ? [] : argv.slice(start);
  const before = start < 0 ? [...argv] : argv.slice(0, start);
  const [first, second] = words;
  if (first === undefined || (first === 'help' && (second === undefined || second.startsWith('-')))) {
    if (first === undefined && !before.includes('--help')) throw new UsageError(overview());
    return overview();
  }
  if (first === '--version') return findCommand(['version']);
  if (first === 'help') return findCommand([...words.slice(1), '--help']);
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    if (Object.hasOwn(commands, name))
      return { name, command: commands[name]!, words: [...before, ...words.slice(length)] };
  }
  const isGroup = Object.keys(commands).some((name) => name.startsWith(`${first} `));
  if (isGroup && (second === '--help' || before.includes('--help'))) return overview(first);
  if (isGroup) {
    const isAlone = second === undefined || second.startsWith('-');
    const wrong = isAlone ? `"${first}" needs one more word` : `There is no command "${first} ${second}"`;
    throw new UsageError(`${wrong}:\n\n${overview(first)}`);
  }
  throw new UsageError(`There is no command "${first}": "parvis help" lists them all`);
}

async function run(command: Command, { args, values, common }: Input): Promise<Answer> {
  const work = await command.load();
  if (!command.needsCore) return work(undefined, args, values);
  let ending: Promise<void> | undefined;
  const end = () => (ending ??= giveBack(opening));
  const interrupt = (signal: NodeJS.Signals) => void end().finally(() => process.exit(128 + constants.signals[signal]));
  // Before anything is opened: whoever is interrupted between taking a slot and listening for signals would keep it.
  for (const signal of signals) process.once(signal, interrupt);
  const opening = open(command);
  try {
    const core = await opening;
    if (ending !== undefined) return await untilExit();
    const answer = await work(core, args, values);
    if (common.wait) await core.drain();
    else await mentionWaitingJobs(core);
    return answer;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    await end();
  }
}

/** What is interrupted does nothing more: the process ends meanwhile. */
function untilExit(): Promise<never> {
  return new Promise(() => {});
}

/** Has jobs under way finish or go back, instead of waiting until their lease ends, and closes. A locked database is not waited for. */
async function giveBack(opening: Promise<Core>): Promise<void> {
  const given = (async () => {
    // What does not open gives everything back itself.
    const core = await opening.catch(() => undefined);
    if (!core) return;
    await Promise.allSettled([core.worker.stop(PATIENCE), core.sender.stop(PATIENCE)]);
    await core.close();
  })();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, LIMIT, 'late')));
  const outcome = await Promise.race([given, late]).finally(() => clearTimeout(timer));
  if (outcome !== 'late') return;
  complain(
    'Ended without giving everything back: the database does not answer. Nothing is lost, what this command had in hand is free again within a minute',
  );
}

/** Loaded only now: help, usage errors and the commands that repair things do without the server. */
async function open({ needsDatabase }: Command): Promise<Core> {
  const { readConfig, readEnvironment } = await import('#config.ts');
  const { configureLog } = await import('#lib/log.ts');
  const { openCore } = await import('#core.ts');
  if (needsDatabase) requireDatabase(readEnvironment());
  const config = readConfig();
  // A command says what it does itself; of the machinery only trouble is worth a line.
  await configureLog(config.logLevel === 'info' ? 'warning' : config.logLevel);
  const core = await openCore(config, 'command');
  if (core.isNew) complain(`A new database was made in ${config.dataDir}`);
  return core;
}

/** @throws CommandError where SQLite has no file yet. Of PostgreSQL somebody gave the address, which nobody does by mistake. */
function requireDatabase({ dataDir, databaseUrl }: Environment): void {
  if (databaseUrl === undefined && !existsSync(join(dataDir, SQLITE_FILE))) {
    throw new CommandError(
      `There is no database in ${dataDir}: start the server first, or set DATA_DIR or DATABASE_URL as the server has it`,
    );
  }
}

async function mentionWaitingJobs({ queue }: Core): Promise<void> {
  const added = queue.added();
  if (added > 0 && (await queue.workers()) === 0) {
    complain(
      `No server is running here: ${added === 1 ? 'a job waits' : `${added} jobs wait`} until one starts, or for "parvis queue run"`,
    );
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ExpectedError ? error.message : `Unexpected: ${error.stack ?? error.message}`;
}

function print(text: string): ExitCode {
  if (text !== '') process.stdout.write(`${text}\n`);
  return 0;
}

function complain(text: string): void {
  process.stderr.write(`${forTerminal(text)}\n`);
}

/** Printable on any terminal: what a terminal could take for a command is escaped. */
function toJson(value: unknown): string {
  const json = JSON.stringify(value, undefined, 2) ?? 'null';
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
