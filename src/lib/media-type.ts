export interface MediaType {
  /** Lower-case, as in `application/json`. */
  type: string;
  /** Names in lower case, values unquoted. */
  parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*`);
// Sticky, and without nested repetition: linear in the length of the header.
const PARAMETER = new RegExp(`;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*`, 'y');

/** A Content-Type as in RFC 9110 section 8.3. Undefined if there is none, more than one, or it is malformed. */
export function parseMediaType(header: string | readonly string[] | undefined): MediaType | undefined {
  if (typeof header !== 'string') return undefined;
  const start = TYPE.exec(header);
  if (!start?.[1]) return undefined;
  const parameters = new Map<string, string>();
  for (let at = start[0].length; at < header.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(header);
    if (!match) return undefined;
    const [, name, token, quoted] = match;
    if (name !== undefined) parameters.set(name.toLowerCase(), token ?? quoted?.replace(/\\(.)/g, '$1') ?? '');
  }
  return { type: start[1].toLowerCase(), parameters };
}

const ACTIVITY_STREAMS = 'https://www.w3.org/ns/activitystreams';

/**
 * Whether a Content-Type says ActivityStreams. Nothing else may be read as such, least of all `application/json` and
 * `text/plain`: those can be uploads that a server keeps for its users (CVE-2024-25623).
 */
export function isActivityJsonType(header: string | readonly string[] | undefined): boolean {
  const media = parseMediaType(header);
  if (media?.type === 'application/activity+json') return true;
  if (media?.type !== 'application/ld+json') return false;
  const profiles = media.parameters.get('profile')?.toLowerCase().split(' '); // a list, RFC 6906
  return profiles?.includes(ACTIVITY_STREAMS) === true;
}

/** Whether a Content-Type is that of a WebFinger answer; many servers send plain `application/json`. */
export function isJrdType(header: string | readonly string[] | undefined): boolean {
  const type = parseMediaType(header)?.type;
  return type === 'application/jrd+json' || type === 'application/json';
}
