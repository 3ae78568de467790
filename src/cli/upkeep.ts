import { readEnvironment } from '#config.ts';
import type { Answer } from '#cli/command.ts';
import { minuteOf, table } from '#cli/terminal.ts';

/** Commands that look after a server from beside it: they must work when it does not. What they need is loaded when it is needed. */

export async function backup(
  _: undefined,
  [file]: [string],
  options: { 'without-database'?: boolean },
): Promise<Answer> {
  const { backUp } = await import('#operation/backup.ts');
  const report = await backUp(readEnvironment(), file, { withoutDatabase: options['without-database'] ?? false });
  const what = report.database === 'none' ? 'without the database' : 'with the database';
  return {
    json: report,
    text: `${report.file}: ${report.files} files ${what}, ${Math.ceil(report.bytes / 1024)} kB. Keep it secret: it holds the keys of everybody here`,
  };
}

export async function restore(_: undefined, [file, folder]: [string, string]): Promise<Answer> {
  const { restore: unpack } = await import('#operation/restore.ts');
  const report = await unpack(file, folder);
  const lines = [
    `${report.dataDir} holds ${report.origin} as it was on ${minuteOf(Date.parse(report.createdAt))} UTC${report.hasDigests === true ? '' : ', if nobody changed the backup since: it is of a version that kept no digests'}.`,
    `Start it with ORIGIN=${report.origin} and DATA_DIR=${report.dataDir}, once the old server runs no more.`,
    ...(report.database === 'none' ? ['The database is not in this backup: restore it with pg_restore.'] : []),
  ];
  return { json: report, text: lines.join('\n') };
}

export async function doctor(): Promise<Answer> {
  const { examine } = await import('#operation/doctor.ts');
  const checks = await examine(readEnvironment);
  const rows = checks.map(({ name, status, message, advice }) => [
    status,
    name,
    advice === undefined ? message : `${message}. To do: ${advice}`,
  ]);
  return { json: { ok: checks.every((check) => check.status !== 'fail'), checks }, text: table(rows) };
}

export async function version(): Promise<Answer> {
  const { VERSION } = await import('#lib/version.ts');
  return { json: { version: VERSION, node: process.version }, text: `${VERSION} (Node ${process.version})` };
}
