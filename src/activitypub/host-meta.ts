import type { RequestContext } from '#http/state.ts';

/** Where WebFinger is (RFC 6415), for software from before there was a fixed place for it. Fedify has none. */
export function serveHostMeta(http: RequestContext, origin: string): void {
  const template = `${origin}/.well-known/webfinger?resource={uri}`;
  http.set('access-control-allow-origin', '*');
  http.set('cache-control', 'public, max-age=86400');
  if (http.path.endsWith('.json')) {
    http.body = JSON.stringify({ links: [{ rel: 'lrdd', type: 'application/jrd+json', template }] });
    http.type = 'application/json; charset=utf-8';
    return;
  }
  http.body = `<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="lrdd" type="application/jrd+json" template="${template}"/>
</XRD>
`;
  http.type = 'application/xrd+xml; charset=utf-8';
}
