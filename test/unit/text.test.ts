import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { htmlToText, sanitizeHtml } from '#lib/html.ts';
import { countCharacters, extractHandles, type Handle, normalizeHashtag, renderText } from '#lib/text.ts';
import { startCpuClock } from '../support/cpu-clock.ts';

const REL = 'rel="nofollow noopener noreferrer" target="_blank"';
const ZWNJ = '\u200c';

/** Everybody exists but nobody. */
function resolveMention({ name, host }: Handle) {
  return name === 'nobody' ? undefined : { href: `https://${host ?? 'local.example'}/@${name}` };
}

const hashtagUrl = (key: string) => `https://local.example/tags/${encodeURIComponent(key)}`;

function render(source: string, format?: 'plain' | 'markdown') {
  return renderText(source, { resolveMention, hashtagUrl, ...(format && { format }) });
}

/** The HTML inside the only paragraph, with links written short: `{@name}`, `{#tag}`, `{https://...}`. */
function inline(source: string): string {
  return render(source)
    .html.replaceAll(/<span class="h-card" translate="no"><a [^>]*>@<span>(.*?)<\/span><\/a><\/span>/g, '{@$1}')
    .replaceAll(/<a [^>]*class="mention hashtag"[^>]*>#<span>(.*?)<\/span><\/a>/g, '{#$1}')
    .replaceAll(
      /<a [^>]*translate="no"><span class="invisible">(.*?)<\/span><span[^>]*>(.*?)<\/span>(?:<span class="invisible">(.*?)<\/span>)?<\/a>/g,
      '{$1$2$3}',
    )
    .replace(/^<p>(.*)<\/p>$/s, '$1');
}

describe('renderText writes the HTML of Mastodon', () => {
  test('for mentions', () => {
    expect(render('@alice').html).toBe(
      '<p><span class="h-card" translate="no"><a href="https://local.example/@alice" class="u-url mention">@<span>alice</span></a></span></p>',
    );
  });

  test('for hashtags', () => {
    expect(render('#Café').html).toBe(
      '<p><a href="https://local.example/tags/caf%C3%A9" class="mention hashtag" rel="tag">#<span>Café</span></a></p>',
    );
  });

  test('for URLs, cut at 30 characters', () => {
    expect(render('https://example.org/a').html).toBe(
      `<p><a href="https://example.org/a" ${REL} translate="no"><span class="invisible">https://</span><span>example.org/a</span></a></p>`,
    );
    expect(render('https://www.example.org/a/very/long/path/that/is/cut?a=1&b=2').html).toBe(
      `<p><a href="https://www.example.org/a/very/long/path/that/is/cut?a=1&amp;b=2" ${REL} translate="no">` +
        '<span class="invisible">https://www.</span><span class="ellipsis">example.org/a/very/long/path/t</span><span class="invisible">hat/is/cut?a=1&amp;b=2</span></a></p>',
    );
  });

  test('A67: but never cuts a host', () => {
    const host = 'bank.example.account-login.secure.evil.example';
    expect(render(`https://${host}/path`).html).toContain(
      `<span class="ellipsis">${host}</span><span class="invisible">/path</span>`,
    );
  });

  test('for paragraphs and line breaks', () => {
    expect(render('a\nb  \nc\r\n\r\n\n\nd').html).toBe('<p>a<br>b<br>c</p><p>d</p>');
  });
});

describe('mentions', () => {
  test.each([
    ['@alice, @bob@example.org! (@carol)', '{@alice}, {@bob}! ({@carol})'],
    ['.@alice: *@bob* **@carol**', '.{@alice}: <em>{@bob}</em> <strong>{@carol}</strong>'],
    ['@alice@localhost:3000 @bob@127.0.0.1:8080.', '{@alice} {@bob}.'],
    ['@alice@münchen.example @bob@例え.テスト', '{@alice} {@bob}'],
    ['@alice@example.orgさん、こんにちは@bob', '{@alice}さん、こんにちは{@bob}'],
    ['@bob @bob@example.org @BOB@Example.org', '{@bob} {@bob@example.org} {@BOB@Example.org}'],
    ['@first.last-name_@example.org', '{@first.last-name_}'],
    ['@nobody @nobody@example.org', '@nobody @nobody@example.org'],
    [
      'mail@example.org a@b @types/node @a@b @a@b@c @ @@alice',
      'mail@example.org a@b @types/node @a@b @a@b@c @ @@alice',
    ],
    ['`@alice` [@bob](https://example.org)', `<code>@alice</code> <a href="https://example.org" ${REL}>@bob</a>`],
    ['https://example.org/@alice example.org/@bob', '{https://example.org/@alice} example.org/@bob'],
  ])('in %j', (source, expected) => {
    expect(inline(source)).toBe(expected);
  });

  test('are listed once, if they lead somewhere, with the host in ASCII', () => {
    expect(render('@Alice @alice @bob@MÜNCHEN.example @nobody @x@localhost:3000').mentions).toEqual([
      { name: 'Alice', host: undefined },
      { name: 'bob', host: 'xn--mnchen-3ya.example' },
      { name: 'x', host: 'localhost:3000' },
    ]);
  });

  test('can be found before rendering', () => {
    const source = '@a `@b` [@c](https://example.org) @nobody @D@X.example\n\n```\n@e\n```\n> @f';
    expect(extractHandles(source).map(({ name }) => name)).toEqual(['a', 'nobody', 'D', 'f']);
    expect(extractHandles(source, 'plain').map(({ name }) => name)).toEqual(['a', 'b', 'c', 'nobody', 'D', 'e', 'f']);
  });

  test('show the label and escape the address they are given', () => {
    const { html } = renderText('@a', {
      resolveMention: () => ({ href: 'https://e.example/"&', label: '<b>' }),
      hashtagUrl,
    });
    expect(html).toContain('<a href="https://e.example/&quot;&amp;" class="u-url mention">@<span>&lt;b&gt;</span></a>');
  });
});

describe('hashtags', () => {
  test.each([
    ['#tag #1st (#paren) #c_d. *#em*', '{#tag} {#1st} ({#paren}) {#c_d}. <em>{#em}</em>'],
    ['#日本語。これは#タグ です ＃全角', '{#日本語}。これは{#タグ} です {#全角}'],
    ['#ア・イ #l·l·l #한국어 #ไทย #हिन्दी', '{#ア・イ} {#l·l·l} {#한국어} {#ไทย} {#हिन्दी}'],
    [`#می${ZWNJ}خواهم #a${ZWNJ}`, `{#می${ZWNJ}خواهم} {#a}${ZWNJ}`],
    ['#2024 #_ #1_2 # #️⃣ #1️⃣', '#2024 #_ #1_2 # #️⃣ #1️⃣'],
    ['C#sharp foo#bar é#x &#x27; a=#b /#c ##d', 'C#sharp foo#bar é#x &amp;#x27; a=#b /#c ##d'],
    [
      'https://example.org/#frag `#code` [#x](https://example.org/)',
      `{https://example.org/#frag} <code>#code</code> <a href="https://example.org/" ${REL}>#x</a>`,
    ],
    ['#tag at the start', '{#tag} at the start'],
  ])('in %j', (source, expected) => {
    expect(inline(source)).toBe(expected);
  });

  test('are listed once, as first written', () => {
    expect(render('#Straße #STRASSE #ｆｕｌｌ #Full #x').hashtags).toEqual(['Straße', 'ｆｕｌｌ', 'x']);
  });
});

describe('normalizeHashtag', () => {
  test.each([
    [['Straße', 'STRASSE', 'STRAẞE', '#straße']],
    [['ΟΔΟΣ', 'οδος', 'οδοσ']],
    [['ＦＵＬＬ', 'full']],
    [['ｶﾞ', 'ガ']],
    [['IŞIK', 'ışık']],
    [[`می${ZWNJ}خواهم`, 'میخواهم']],
    [['é', 'e\u0301']],
  ])('gives %j one key', (spellings) => {
    expect(new Set(spellings.map(normalizeHashtag)).size).toBe(1);
  });

  test('keeps letters apart that differ', () => {
    expect(normalizeHashtag('caf\u00e9')).not.toBe(normalizeHashtag('cafe'));
    expect(normalizeHashtag('l·l')).toBe('l·l');
  });

  test('is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (tag) => {
        expect(normalizeHashtag(normalizeHashtag(tag))).toBe(normalizeHashtag(tag));
      }),
    );
  });
});

describe('URLs', () => {
  test.each([
    [
      'https://example.org, (https://example.org/a) "https://example.org/b".',
      '{https://example.org}, ({https://example.org/a}) &quot;{https://example.org/b}&quot;.',
    ],
    [
      'https://en.wikipedia.org/wiki/Foo_(bar)_baz_ (https://example.org/(a)b)c',
      '{https://en.wikipedia.org/wiki/Foo_(bar)_baz_} ({https://example.org/(a)b})c',
    ],
    ['https://example.org/a_b_c*d*?x=[1]&y={2}#z!', '{https://example.org/a_b_c*d*?x=[1]&amp;y={2}#z}!'],
    [
      '**https://example.org** <https://example.org>',
      '<strong>{https://example.org}</strong> &lt;{https://example.org}&gt;',
    ],
    [
      '詳細はhttps://example.orgです。https://ja.example/日本「https://b.example/」',
      '詳細は{https://example.org}です。{https://ja.example/日本}「{https://b.example/}」',
    ],
    ['https://bücher.example/ö HTTP://EXAMPLE.ORG/', '{https://bücher.example/ö} {HTTP://EXAMPLE.ORG/}'],
    [
      'http://localhost:3000/x http://127.0.0.1:80 https://[::1]/',
      '{http://localhost:3000/x} {http://127.0.0.1:80} https://[::1]/',
    ],
    [
      'example.org www.example.org ftp://example.org xhttps://example.org',
      'example.org www.example.org ftp://example.org xhttps://example.org',
    ],
    [
      'https:// https://foo https://bank.example@evil.example https://u:p@evil.example',
      'https:// https://foo https://bank.example@evil.example https://u:p@evil.example',
    ],
  ])('in %j', (source, expected) => {
    expect(inline(source)).toBe(expected);
  });

  test('are listed once, normalised, with those of Markdown links', () => {
    expect(
      render('https://bücher.example https://bücher.example/ [x](https://b.example/y) `https://c.example`').urls,
    ).toEqual(['https://xn--bcher-kva.example/', 'https://b.example/y']);
  });
});

describe('Markdown', () => {
  test.each([
    [
      'emphasis',
      '*a* **b** _c_ __d__ ~~e~~ `f < g`',
      '<p><em>a</em> <strong>b</strong> <em>c</em> <strong>d</strong> <s>e</s> <code>f &lt; g</code></p>',
    ],
    [
      'emphasis in scripts without spaces',
      'これは**「重要」**です。**重要**です',
      '<p>これは<strong>「重要」</strong>です。<strong>重要</strong>です</p>',
    ],
    ['escapes', '\\*a\\* \\`b\\`', '<p>*a* `b`</p>'],
    ['quotes', '> a\n> b\n\nc', '<blockquote><p>a<br>b</p></blockquote><p>c</p>'],
    [
      'lists',
      '- a\n- b\n  - c\n\n3. d\n4. e',
      '<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol start="3"><li>d</li><li>e</li></ol>',
    ],
    ['code blocks', 'x\n```js\na < b\n\n  *c*\n```\ny', '<p>x</p><pre><code>a &lt; b\n\n  *c*</code></pre><p>y</p>'],
    ['headings as bold paragraphs', '# A\nb', '<p><strong>A</strong></p><p>b</p>'],
    [
      'links',
      '[a *b*](https://example.org/c_d_ "t")',
      `<p><a href="https://example.org/c_d_" ${REL}>a <em>b</em></a></p>`,
    ],
    [
      'links without text',
      '[](https://example.org)',
      `<p><a href="https://example.org" ${REL}>https://example.org</a></p>`,
    ],
    ['images as links', '![a](https://example.org/b.png)', `<p>!<a href="https://example.org/b.png" ${REL}>a</a></p>`],
  ])('has %s', (_, source, expected) => {
    expect(render(source).html).toBe(expected);
  });

  test.each([
    'snake_case_name and 2*3*4, 2 * 3 * 4, 2**3**4',
    'f*** that *and _that',
    '¯\\_(ツ)_/¯ :_blob_cat_: >_<',
    '>_< well',
    '1985. A good year',
    '* * *',
    '---',
    '~~~ wave ~~~',
    '+ 5 points',
    '-1 for this',
    '#',
    '[a] [b][c] [d]() [e]: f',
    '[a](javascript:alert(1)) [b](/c) [d](data:text/html,x)',
    '| a | b |',
    '    indented',
    '```unclosed',
    'a &amp; b &copy; <b>c</b> <!-- d -->',
    'a -- b ... (c) "d"',
  ])('leaves %j as it is', (source) => {
    expect(htmlToText(render(source).html)).toBe(source.trim());
    expect(render(source).html).not.toMatch(/<(?!\/?p>|br>)/);
  });

  test('A67: a link whose text names another host shows its target', () => {
    expect(render('[https://bank.example](https://evil.example/)').html).toBe(
      `<p><a href="https://evil.example/" ${REL}>https://evil.example/</a></p>`,
    );
  });

  test('what is nested too deep stays as written', () => {
    const source = `${'> '.repeat(40)}deep`;
    expect(htmlToText(render(source).html)).toBe(source);
  });

  test('plain text has paragraphs, line breaks and links only', () => {
    expect(render('*a* `b`\n> c\n- d\n\n# e\\*', 'plain').html).toBe('<p>*a* `b`<br>&gt; c<br>- d</p><p># e\\*</p>');
  });
});

describe('any text', () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      ...'* ** _ __ ~~ ` ``` > #tag #日本 @alice @bob@example.org @nobody @a@localhost:3000 https://example.org/a_b https:// http://bücher.example/ö [ ] ( ) ](https://x.example) ]( word 日本語 「 」 :a_b: \\ <b> &amp; . , é ! \ud800 \0 www. example.org'.split(
        ' ',
      ),
      '\n',
      '\n\n',
      '    ',
      ' ',
      '\r\n',
      '- ',
      '1. ',
      '# ',
      '> ',
      ZWNJ,
    ),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.webUrl(),
  );
  const texts = fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join(''));
  const formats = fc.constantFrom('plain' as const, 'markdown' as const);
  const hrefs = (html: string) => [...html.matchAll(/<a href="([^"]*)"/g)].map(([, href]) => href);

  test('renders to HTML that the sanitiser leaves alone, and asks for the handles that extractHandles finds', () => {
    fc.assert(
      fc.property(texts, formats, (source, format) => {
        const asked: Handle[] = [];
        const { html, mentions } = renderText(source, {
          format,
          hashtagUrl,
          resolveMention(handle) {
            asked.push(handle);
            return resolveMention(handle);
          },
        });
        expect(asked).toEqual(extractHandles(source, format));
        expect(mentions).toEqual(asked.filter(({ name }) => name !== 'nobody'));
        const clean = sanitizeHtml(html);
        expect(htmlToText(clean)).toBe(htmlToText(html));
        expect(hrefs(clean)).toEqual(hrefs(html));
        expect(countCharacters(source)).toBeLessThanOrEqual(source.length + 23 * source.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('keeps its words', () => {
    const marks = fc.constantFrom(
      '*',
      '**',
      '_',
      '__',
      '~~',
      '` ',
      '> ',
      '>',
      '- ',
      '1. ',
      '# ',
      '#',
      '@',
      '[',
      '] (',
      '(',
      '\n',
      '\n\n',
      '    ',
      ' ',
      '「',
      ':',
      '\\',
      '<',
      '&',
      '.',
      '+ ',
      '```',
      '> > ',
    );
    const words = fc.array(fc.tuple(marks, fc.stringMatching(/^[a-zé日本]{1,6}$/)), { maxLength: 14 });
    fc.assert(
      fc.property(words, formats, (parts, format) => {
        const text = htmlToText(render(parts.flat().join(''), format).html);
        let position = 0;
        for (const [, word] of parts) {
          position = text.indexOf(word, position);
          expect(position, `${word} in ${text}`).not.toBe(-1);
          position += word.length;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['mentions', '@a@'.repeat(30_000)],
    ['hosts', `@a@${'a_'.repeat(50_000)}`],
    ['hashtags', '#1·'.repeat(30_000)],
    ['URLs', 'https://a.bb/((('.repeat(6000)],
    ['dots', `https://${'a.'.repeat(50_000)}`],
    ['brackets', '[a]('.repeat(25_000)],
    ['emphasis', '*a_b '.repeat(20_000)],
    ['quotes', '> '.repeat(40_000)],
    ['fences', '```a\n'.repeat(20_000)],
    ['links', '[a](https://e.example) '.repeat(4000)],
  ])('A65: 100 kB of %s take linear time', (_, source) => {
    const spent = startCpuClock();
    render(source);
    countCharacters(source);
    expect(spent()).toBeLessThan(2000);
  });
});

describe('countCharacters', () => {
  test.each([
    ['', 0],
    ['hello', 5],
    ['é e\u0301 👩‍👩‍👧‍👦 🇫🇷', 7],
    ['a\r\nb', 3],
    ['https://example.org', 23],
    [`https://example.org/${'a'.repeat(500)} https://b.example/`, 47],
    ['@bob@example.org hi', 7],
    ['@bob hi', 7],
    ['mail@example.org', 16],
    ['https://', 8],
  ])('counts %j as Mastodon does', (source, expected) => {
    expect(countCharacters(source)).toBe(expected);
  });
});

describe('underscores', () => {
  const names = ['alice', 'alice_', 'alice__'];
  const show = (source: string) => {
    const named: string[] = [];
    const { html } = renderText(source, {
      resolveMention({ name, host }) {
        named.push(host === undefined ? name : `${name}@${host}`);
        return names.includes(name) ? { href: `https://parvis.example/@${name}` } : undefined;
      },
      hashtagUrl: (name) => `https://parvis.example/tags/${name}`,
    });
    return { html, named: [...new Set(named)] };
  };

  test.each([
    ['_#tag_', 'em', '#<span>tag</span>'],
    ['__#tag__', 'strong', '#<span>tag</span>'],
    ['_see #tag_', 'em', '#<span>tag</span>'],
    ['_#日本_', 'em', '#<span>日本</span>'],
    ['_https://x.example/_', 'em', 'href="https://x.example/"'],
    ['_see https://x.example/a_', 'em', 'href="https://x.example/a"'],
  ])('begin and end an emphasis around a link: %s', (source, element, link) => {
    const { html } = show(source);
    expect(html).toMatch(new RegExp(`^<p><${element}>.*</${element}></p>$`));
    expect(html).toContain(link);
    expect(html.replaceAll('"_blank"', '')).not.toContain('_');
  });

  test.each([
    ['_@alice_', 'alice'],
    ['__see @alice__', 'alice'],
    ['_@alice@x.example_', 'alice@x.example'],
    ['@alice_', 'alice_'],
    ['hello @alice__ there', 'alice__'],
    ['_one_ and @alice_', 'alice_'],
  ])('name the account that is meant: %s', (source, name) => {
    expect(show(source).named).toEqual([name]);
    expect(
      extractHandles(source).map((handle) => (handle.host ? `${handle.name}@${handle.host}` : handle.name)),
    ).toEqual([name]);
  });

  test.each([
    ['https://social.example/@name_', 'https://social.example/@name_'],
    ['https://social.example/@name_ is here', 'https://social.example/@name_'],
    ['(https://social.example/@name_)', 'https://social.example/@name_'],
    ['https://docs.example/d/1aB_', 'https://docs.example/d/1aB_'],
    ['https://x.example/?q=a_', 'https://x.example/?q=a_'],
  ])('at the end of an address are part of it: %s', (source, href) => {
    expect(show(source).html).toContain(`href="${href}"`);
  });

  test('within words begin nothing', () => {
    expect(show('snake_case_#tag and a_@alice').named).toEqual([]);
    expect(show('snake_case_#tag').html).not.toContain('<a ');
  });
});
