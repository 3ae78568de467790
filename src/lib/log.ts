import {
  configure,
  type getConsoleSink,
  getLogger,
  jsonLinesFormatter,
  type Logger,
  type LogLevel,
} from '@logtape/logtape';

export type { Logger };

/** Where the log goes: one JSON object a line on standard error, so that standard output stays the command's own. */
export async function configureLog(level: LogLevel): Promise<void> {
  await configure({
    reset: true,
    sinks: { stderr: stderrSink() },
    loggers: [
      { category: 'parvis', lowestLevel: level, sinks: ['stderr'] },
      // Fedify reports every remote oddity as an error: ours are counted and logged where they are handled.
      { category: 'fedify', lowestLevel: level === 'debug' ? 'debug' : 'fatal', sinks: ['stderr'] },
      { category: ['logtape', 'meta'], lowestLevel: 'error', sinks: ['stderr'] },
    ],
  });
}

function stderrSink(): ReturnType<typeof getConsoleSink> {
  return (record) => void process.stderr.write(jsonLinesFormatter(record));
}

/** Logger of a part of the server. Log ids, never contents, tokens or addresses of people. */
export function loggerOf(part: string): Logger {
  return getLogger(['parvis', part]);
}

/** An error as the log shows it, with its stack. */
export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
