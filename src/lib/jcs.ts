/**
 * The JSON Canonicalization Scheme (RFC 8785): one text for one value, to be signed. Its numbers and strings are those of
 * `JSON.stringify`; members are sorted by UTF-16 code units, as `sort()` does. Takes what `JSON.parse` returns and throws a
 * TypeError for anything without a canonical form: lone surrogates, infinities, `undefined`. Recursive: the depth of
 * strangers' values is bounded by parseJsonGuarded.
 */
export function canonicalize(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('A lone surrogate has no canonical form');
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical form`);
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : canonicalizeMembers(value);
    default:
      throw new TypeError(`A value of type ${typeof value} has no canonical form`);
  }
}

function canonicalizeMembers(object: object): string {
  const members = Object.entries(object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${canonicalize(key)}:${canonicalize(member)}`);
  return `{${members.join(',')}}`;
}
