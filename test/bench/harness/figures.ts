import { cpus, loadavg } from 'node:os';

/** One line of the result. */
export interface Figure {
  part: string;
  name: string;
  value: number;
  unit: string;
  /** What issue 4 asks for, as text. */
  target?: string;
}

export interface Conditions {
  node: string;
  sqlite: string;
  cores: number;
  cpu: string;
  load: number[];
  date: string;
}

export function conditions(): Conditions {
  return {
    node: process.version,
    sqlite: process.versions['sqlite'] ?? '',
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    load: loadavg().map((value) => Math.round(value * 100) / 100),
    date: new Date().toISOString(),
  };
}

export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ part, name, value, unit, target = '' }) => [
    part,
    name,
    `${format(value)} ${unit}`.trim(),
    target,
  ]);
  const header = ['part', 'figure', 'measured', 'target'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function format(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
