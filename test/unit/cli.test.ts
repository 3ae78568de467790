import { describe, expect, test } from 'vitest';
import { readInput } from '#cli/command.ts';
import { commands } from '#cli/commands.ts';
import { helpOf, overview } from '#cli/help.ts';
import { forTerminal, table } from '#cli/terminal.ts';

const input = (name: string, ...words: string[]) => readInput(commands[name]!, words);

describe('Reading a command line', () => {
  test('gives arguments and options, wherever they stand', () => {
    const { args, values, common } = input('post', '--visibility', 'direct', 'alice', '--json', 'Hello you', '--cw=hm');
    expect(args).toEqual(['alice', 'Hello you']);
    expect(values).toEqual({ visibility: 'direct', cw: 'hm' });
    expect(common).toEqual({ json: true, wait: false, help: false });
  });

  test('takes what follows -- as it is', () => {
    expect(input('post', 'alice', '--', '--json').args).toEqual(['alice', '--json']);
  });

  test.each([
    [['user create'], 'NAME is missing'],
    [['user create', 'alice'], '--email E is missing'],
    [
      ['user create', 'alice', '--email', 'a@b.example', '--role', 'king'],
      '--role king: write owner, admin, moderator or user',
    ],
    [['post', 'alice', 'two', 'words'], '"words" is one word too many: put quotes around a text with spaces'],
    [['post', 'alice', 'x', '--cv', 'y'], "Unknown option '--cv'"],
    [['timeline', 'alice', '--limit', 'all'], '--limit all: write a number from 1 to 200'],
    [['timeline', 'alice', '--limit', '0'], '--limit 0: write a number from 1 to 200'],
    [['timeline', 'alice', '--limit', '1e2'], '--limit 1e2: write a number from 1 to 200'],
    [['follow', 'alice'], 'HANDLE is missing'],
    [['post', 'alice', '- milk'], `A text that begins with "-" comes last, after the options and "--": -- '- milk'`],
    [
      ['post', 'alice', '-5 degrees'],
      `A text that begins with "-" comes last, after the options and "--": -- '-5 degrees'`,
    ],
    [['edit', 'alice', '1', '-- so'], `A text that begins with "-" comes last, after the options and "--": -- '-- so'`],
    [['post', 'alice', '--cv', '- milk'], "Unknown option '--cv'"],
    [['post', 'alice', '-x'], "Unknown option '-x'"],
  ])('says what is wrong with %j', ([name, ...words], message) => {
    expect(() => input(name!, ...words)).toThrow(expect.objectContaining({ name: 'UsageError', message }) as Error);
  });

  test('asks for nothing where help is wanted', () => {
    expect(input('user create', '--help').common.help).toBe(true);
  });
});

describe('Help', () => {
  test('has a line for every command, and a page for each', () => {
    const lines = overview().split('\n');
    for (const [name, command] of Object.entries(commands)) {
      expect(lines.some((line) => line.startsWith(`  ${name} `) && line.endsWith(command.summary))).toBe(true);
      expect(helpOf(name, command)).toContain(`Usage: parvis ${name}`);
    }
  });

  test('leads to code that is there', async () => {
    for (const [name, command] of Object.entries(commands)) expect(await command.load(), name).toBeTypeOf('function');
  });
});

describe('Text on a terminal', () => {
  test('commands nothing and is read in its order', () => {
    expect(forTerminal('a\u001b]0;title\u0007b\u009b2Jc\u202ed\rline\nnext\ttab')).toBe(
      'a]0;titleb2Jcdline\nnext\ttab',
    );
  });

  test('stays in its columns', () => {
    expect(
      table([
        ['a', 'bb', 'c'],
        ['aaa', 'b', 'two\nlines'],
      ]),
    ).toBe('a    bb  c\naaa  b   two lines');
  });
});
