import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginningOfHtml } from '#lib/html-beginning.ts';
import { htmlToText, sanitizeHtml } from '#lib/html.ts';

const words = (n: number) => 'word '.repeat(n).trim();

describe('the beginning of a long post', () => {
  it('is not made of one that is short, or hardly longer', () => {
    expect(beginningOfHtml(`<p>${words(10)}</p>`, 100)).toBeUndefined();
    expect(beginningOfHtml(`<p>${words(10)}</p><p>${words(45)}</p>`, 100)).toBeUndefined();
    expect(beginningOfHtml('', 100)).toBeUndefined();
  });

  it('ends with a paragraph, a list item or a line', () => {
    const first = `<p>${words(15)}</p>`;
    expect(beginningOfHtml(`${first}<p>${words(100)}</p>`, 100)).toBe(first);
    expect(beginningOfHtml(`<ul><li>${words(15)}</li><li>${words(100)}</li></ul>`, 100)).toBe(
      `<ul><li>${words(15)}</li></ul>`,
    );
    expect(beginningOfHtml(`<p>${words(15)}<br>${words(100)}</p>`, 100)).toBe(first);
  });

  it('ends between words where a block is too long, and closes what is open', () => {
    expect(beginningOfHtml(`<p>Short</p><blockquote><p><b>${words(100)}</b></p></blockquote>`, 100)).toBe(
      `<p>Short</p><blockquote><p><b>${words(19)}…</b></p></blockquote>`,
    );
    const torn = beginningOfHtml(`<p>${'&amp;'.repeat(100)}${'🙂'.repeat(200)}</p>`, 301);
    expect(torn).toMatch(/^<p>(?:&amp;)+…<\/p>$/);
  });

  it('keeps a link whole or leaves it out', () => {
    const link = `<a href="https://example.org/">${words(20)}</a>`;
    expect(beginningOfHtml(`<p>${words(15)} ${link} ${words(100)}</p>`, 100)).toBe(`<p>${words(15)}…</p>`);
  });

  it('is short where most of a post is addresses', () => {
    const link = `<a href="https://example.org/${'x'.repeat(300)}">word</a> `;
    expect(beginningOfHtml(`<p>${link.repeat(30)}</p>`, 800)!.length).toBeLessThan(3_300);
  });

  it('is well-formed whatever it is made of', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<p>',
        '</p>',
        '<ul><li>',
        '</li>',
        '</ul>',
        '<b>',
        '</b>',
        '<br>',
        '<blockquote>',
        '<a href="https://a.example/">',
        '</a>',
      ),
      fc.string({ maxLength: 30 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), fc.integer({ min: 1, max: 60 }), (pieces, length) => {
        const html = sanitizeHtml(pieces.join(''));
        const beginning = beginningOfHtml(html, length);
        if (beginning === undefined) return;
        expect(sanitizeHtml(beginning)).toBe(beginning);
        expect(htmlToText(beginning).length).toBeLessThanOrEqual(2 * length + 2);
      }),
    );
  });
});
