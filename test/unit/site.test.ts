import { expect, test } from 'vitest';
import { siteOf } from '#lib/site.ts';

test.each([
  ['example.org', 'example.org'],
  ['social.example.org', 'example.org'],
  ['a.b.c.example.org:8443', 'example.org'],
  ['EXAMPLE.org.', 'example.org'],
  ['social.example.co.uk', 'example.co.uk'],
  ['example.co.uk', 'example.co.uk'],
  ['mastodon.art', 'mastodon.art'],
  ['a.com.mastodon.social', 'mastodon.social'],
  ['x.gov.br', 'x.gov.br'],
  ['co.uk', 'co.uk'],
  ['localhost:3000', 'localhost:3000'],
  ['127.0.0.1:3000', '127.0.0.1:3000'],
  ['[::1]:3000', '[::1]:3000'],
])('%s is of the site %s', (host, site) => {
  expect(siteOf(host)).toBe(site);
});
