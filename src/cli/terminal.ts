import { ExpectedError } from '#lib/expected-error.ts';

/** A command could not do what it was asked; the message says what to do. */
export class CommandError extends ExpectedError {
  override name = 'CommandError';
}

/**
 * Text of strangers, fit for a terminal: without the control characters that move its cursor, set its title or answer for its user, and
 * without those that reorder what is read.
 */
export function forTerminal(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it removes
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** Rows in columns of equal width; the last column runs free. */
export function table(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map((cell) => forTerminal(cell).replaceAll('\n', ' ')));
  const widths = clean[0]?.map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0))) ?? [];
  return clean
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `2026-01-15 12:00` UTC. */
export function minuteOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');
}

export function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function optionalIso(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : isoOf(milliseconds);
}

/** The first line of standard input. Typed by hand it is not shown. */
export async function readSecretLine(question: string): Promise<string> {
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  const isTyped = Boolean(process.stdin.isTTY);
  if (isTyped) process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, terminal: isTyped, ...(isTyped ? { output: silent } : {}) });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    process.stdin.destroy();
    if (isTyped) process.stderr.write('\n');
  }
}

/** All of standard input. */
export async function readStandardInput(): Promise<string> {
  const { text } = await import('node:stream/consumers');
  return text(process.stdin);
}
