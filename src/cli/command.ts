import { parseArgs } from 'node:util';
import type { Core } from '#core.ts';
import { ExpectedError } from '#lib/expected-error.ts';

/** The command line was written wrongly: exit code 2. */
export class UsageError extends ExpectedError {
  override name = 'UsageError';
}

/** What a command found or did, for programs and for people. */
export interface Answer {
  json: unknown;
  text: string;
}

interface Option {
  /** Name of the value in help; `a|b` lists what it may be. A flag has none. */
  value?: string;
  help: string;
  required?: true;
  /** May be given several times. */
  multiple?: true;
  /** A number from 1 to this. */
  most?: number;
}

export type Options = Readonly<Record<string, Option>>;

type Argument<W> = W extends `[${string}]` ? string | undefined : string;
/** `NAME [TEXT]` as a tuple: optional ones may be undefined. */
export type Arguments<A extends string> = A extends `${infer Head} ${infer Tail}`
  ? [Argument<Head>, ...Arguments<Tail>]
  : A extends ''
    ? []
    : [Argument<A>];

type Choice<V extends string> = V extends `${infer Head}|${infer Tail}` ? Head | Choice<Tail> : V;
type Value<O extends Option> = O extends { value: infer V extends string }
  ? O extends { most: number }
    ? number
    : O extends { multiple: true }
      ? string[]
      : V extends `${string}|${string}`
        ? Choice<V>
        : string
  : boolean;
type Required<O extends Options> = { [K in keyof O as O[K] extends { required: true } ? K : never]: Value<O[K]> };
type Optional<O extends Options> = { [K in keyof O as O[K] extends { required: true } ? never : K]?: Value<O[K]> };
export type Values<O extends Options> = Required<O> & Optional<O>;

interface Spec<A extends string, O extends Options, Place> {
  args: A;
  /** One line. */
  summary: string;
  options?: O;
  /** Makes no sense in a new database, so it makes none: it was started in the wrong place, or without the server's settings. */
  needsDatabase?: true;
  /** Loads what does it: a command reads only the code it needs. */
  load(): Promise<(place: Place, args: Arguments<A>, options: Values<O>) => Promise<Answer>>;
}

export interface Command {
  args: string;
  summary: string;
  options: Options;
  /** Whether it works on the opened database, like the server does. */
  needsCore: boolean;
  /** Whether the database must be there already. */
  needsDatabase: boolean;
  load(): Promise<
    (core: Core | undefined, args: readonly (string | undefined)[], values: Record<string, unknown>) => Promise<Answer>
  >;
}

/** A command on the server's own use-cases. */
export function serverCommand<const A extends string, const O extends Options = {}>(spec: Spec<A, O, Core>): Command {
  return erase(spec, true);
}

/** A command that does not open the database, or not in the usual way. */
export function standaloneCommand<const A extends string, const O extends Options = {}>(
  spec: Spec<A, O, undefined>,
): Command {
  return erase(spec, false);
}

function erase<A extends string, O extends Options, Place>(spec: Spec<A, O, Place>, needsCore: boolean): Command {
  return {
    args: spec.args,
    summary: spec.summary,
    options: spec.options ?? {},
    needsCore,
    needsDatabase: spec.needsDatabase ?? false,
    // `readInput` makes the arguments and values from this very declaration.
    load: spec.load as unknown as Command['load'],
  };
}

/** Options that every command has. */
export const commonOptions = {
  json: { help: 'prints JSON' },
  wait: { help: 'works off all jobs that are due before it ends, as a running server would' },
  help: { help: 'explains the command' },
} as const satisfies Options;

export interface Input {
  args: (string | undefined)[];
  values: Record<string, unknown>;
  common: { json: boolean; wait: boolean; help: boolean };
}

/** Reads what follows a command's name. @throws UsageError */
export function readInput(command: Command, words: readonly string[]): Input {
  const all: Options = { ...command.options, ...commonOptions };
  const { values, positionals } = parse(words, all);
  const { json = false, wait = false, help = false, ...own } = values;
  const common = { json: Boolean(json), wait: Boolean(wait), help: Boolean(help) };
  if (help) return { args: [], values: {}, common };
  const names = command.args === '' ? [] : command.args.split(' ');
  const missing = names.slice(positionals.length).find((name) => !name.startsWith('['));
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  if (positionals.length > names.length) {
    throw new UsageError(`"${positionals[names.length]}" is one word too many: put quotes around a text with spaces`);
  }
  const read = Object.entries(own).map(([name, value]) => [name, readValue(name, all[name]!, value)]);
  for (const [name, option] of Object.entries(command.options)) {
    if (option.required && own[name] === undefined) throw new UsageError(`--${name} ${option.value} is missing`);
  }
  return { args: names.map((_, i) => positionals[i]), values: Object.fromEntries(read), common };
}

function parse(words: readonly string[], options: Options) {
  const config = Object.entries(options).map(
    ([name, { value, multiple = false }]) =>
      [name, { type: value === undefined ? 'boolean' : 'string', multiple }] as const,
  );
  try {
    return parseArgs({ args: [...words], options: Object.fromEntries(config), allowPositionals: true });
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error;
    const problem = (error as Error).message.replace(/\.(?: |$)[^]*/, '');
    const text = words.find((word) => isText(word) && problem.includes(`'${word.slice(0, 2)}`));
    throw new UsageError(
      text === undefined ? problem : `A text that begins with "-" comes last, after the options and "--": -- '${text}'`,
    );
  }
}

/** Whether a word is meant as a text, though it begins like an option: "- milk", "-5 degrees". */
function isText(word: string): boolean {
  return /^-(?:\d|[^=]*\s)/.test(word);
}

function readValue(name: string, { value, most }: Option, given: unknown): unknown {
  const text = String(given);
  if (most !== undefined) {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (number < 1 || number > most) throw new UsageError(`--${name} ${text}: write a number from 1 to ${most}`);
    return number;
  }
  if (value?.includes('|')) {
    const choices = value.split('|');
    if (!choices.includes(text))
      throw new UsageError(`--${name} ${text}: write ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`);
  }
  return given;
}
