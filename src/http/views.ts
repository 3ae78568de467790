import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta/core';
import { escapeHtml } from '#lib/html.ts';

export interface Views {
  /** The template `name` (its path in the folder, without ending) filled with `data`. */
  render(name: string, data: object): string;
}

/**
 * The templates of a folder, all compiled now: a broken one stops the start and not a visitor. Everything written with `<%= %>` is escaped
 * for elements and quoted attributes, and what is undefined is an error rather than the word.
 */
export function createViews(folder: string): Views {
  const eta = new Eta({ autoEscape: true, cache: true, escapeFunction: escapeValue, rmWhitespace: true });
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.eta')) continue;
    const source = readFileSync(join(folder, name), 'utf8');
    try {
      eta.loadTemplate(`@${name.slice(0, -'.eta'.length)}`, eta.compile(source));
    } catch (error) {
      throw new Error(`The template ${name} cannot be compiled`, { cause: error });
    }
  }
  return { render: (name, data) => eta.render(`@${name}`, data) };
}

function escapeValue(value: unknown): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  throw new TypeError(`A template was given ${value === null ? 'null' : typeof value} where text belongs`);
}
