import type Koa from 'koa';
import type { HttpContext, RequestState } from '#http/state.ts';

/** Characters. The longest that a page of ours writes is the address of another page, encoded. */
const LENGTH_LIMIT = 2_048;
const PARAMETERS_LIMIT = 20;

const none: ReadonlyMap<string, string> = new Map();

/**
 * The parameters of an address, of several with one name the first. Read once through, whatever was sent: the time Koa's own `query` takes
 * grows with the square of their number.
 * @throws an error of status 414 or 400 for more than any page of ours has
 */
export function readQuery(http: Pick<HttpContext, 'querystring' | 'throw'>): ReadonlyMap<string, string> {
  const { querystring } = http;
  if (querystring === '') return none;
  if (querystring.length > LENGTH_LIMIT) return http.throw(414, 'The address is too long');
  const parameters = new Map<string, string>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(querystring)) {
    if (++count > PARAMETERS_LIMIT) return http.throw(400, 'The address has too many parameters');
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

/** Takes Koa's `query` away, so that nobody uses it by mistake. */
export function refuseKoaQuery({ request }: Pick<Koa<RequestState>, 'request'>): void {
  Object.defineProperty(request, 'query', {
    get() {
      throw new TypeError('Koa takes too long for strange queries: use readQuery');
    },
  });
}
