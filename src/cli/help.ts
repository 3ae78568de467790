import { type Command, commonOptions, type Options } from '#cli/command.ts';
import { commands } from '#cli/commands.ts';

export function usageOf(name: string, command: Command): string {
  const options = Object.entries(command.options).map(([option, { value, required, multiple }]) => {
    const text = value === undefined ? `--${option}` : `--${option} ${value}`;
    return required ? text : `[${text}]${multiple ? '…' : ''}`;
  });
  return ['parvis', name, command.args, ...options].filter((word) => word !== '').join(' ');
}

export function helpOf(name: string, command: Command): string {
  const lines = [`Usage: ${usageOf(name, command)}`, '', capitalised(command.summary) + '.'];
  if (Object.keys(command.options).length > 0) lines.push('', ...optionLines(command.options));
  return [...lines, '', ...optionLines(commonOptions)].join('\n');
}

/** All commands, or those whose name begins with `group`. */
export function overview(group?: string): string {
  const wanted = Object.entries(commands).filter(([name]) => group === undefined || name.startsWith(`${group} `));
  const rows = wanted.map(([name, command]) => [`${name} ${command.args}`.trim(), command.summary] as const);
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return [
    'Usage: parvis COMMAND … [--json] [--wait] [--help]',
    '',
    ...rows.map(([usage, summary]) => `  ${usage.padEnd(width)}  ${summary}`),
    '',
    'POST is an id or a URL; HANDLE is name, @name@host or a profile URL. "parvis COMMAND --help" says more.',
    'It works on the database of DATA_DIR (or DATABASE_URL), with the same environment variables as the server.',
  ].join('\n');
}

function optionLines(options: Options): string[] {
  const rows = Object.entries(options).map(
    ([name, { value, help }]) => [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const,
  );
  const width = Math.max(...rows.map(([option]) => option.length));
  return rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
