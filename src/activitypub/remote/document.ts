import type { Ctx } from '#context.ts';
import { httpUrl, own } from '#activitypub/remote/fields.ts';
import { isSameOrigin, originOf } from '#lib/host.ts';
import type { RemoteDocument, RemoteFailure } from '#lib/ports.ts';

/**
 * The document that stands under `uri`, or that the page there shows, from the one server that can vouch for it: its id is of the origin
 * that answered, and is what was asked for or where the redirects ended. Whatever else a server shows it is asked for at its own address
 * (CVE-2024-23832: a copy elsewhere, or a redirect to one, proves nothing).
 */
export async function fetchDocument(ctx: Ctx, uri: string): Promise<RemoteDocument | RemoteFailure> {
  let wanted = uri;
  for (let attempt = 0; attempt < 2; attempt++) {
    const origin = originOf(wanted);
    if (origin === undefined) return refusal('invalid', 'not a URL to fetch');
    if (origin === ctx.config.origin) return refusal('blocked', 'our own address');
    if (ctx.blockedHosts.covers(new URL(wanted).host)) return refusal('blocked', 'a blocked domain');
    const found = await ctx.remote.getActivityJson(wanted);
    if (!found.ok) return found;
    if (ctx.blockedHosts.covers(new URL(found.url).host)) return refusal('blocked', 'a blocked domain');
    const id = httpUrl(own(found.json, 'id'));
    if (id === undefined) return refusal('invalid', 'a document without an id');
    if (isSameDocument(id, found.url) || (isSameDocument(id, wanted) && isSameOrigin(id, found.url))) return found;
    wanted = id;
  }
  return refusal('invalid', 'a document that is not where its id says');
}

/** Without fragments, as those are not sent. */
function isSameDocument(one: string, other: string): boolean {
  return one === other || withoutFragment(one) === withoutFragment(other);
}

function withoutFragment(text: string): string {
  const url = new URL(text);
  url.hash = '';
  return url.href;
}

function refusal(reason: RemoteFailure['reason'], detail: string): RemoteFailure {
  return { ok: false, reason, detail };
}
