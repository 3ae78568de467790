/** Digests of the body: the old `Digest` header (RFC 3230) and `Content-Digest` (RFC 9530). */
import { hash } from 'node:crypto';
import { parseDictionary } from '#lib/structured-fields.ts';
import { fieldValue, type Message, type Refusal, refuse } from '#activitypub/signature/message.ts';

/** Wire name to node's; a Map, so that no name finds what an object inherits. */
const ALGORITHMS = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
]);

/** Base64 by algorithm, none of them twice: else one header could ask for the body to be hashed hundreds of times. */
type Digests = ReadonlyMap<string, string>;

/** SHA-256 of a body in base64, which both ways of signing take: computed once for a delivery to many inboxes. */
export function digestOf(body: Buffer | string): string {
  return hash('sha256', body, 'base64');
}

/**
 * Refuses unless every digest header there is agrees with the body, covered by the signature or not: a wrong one that is not covered means
 * that someone on the way has changed something, or that two readers would disagree on what was signed.
 */
export function checkDigests(message: Message, body: Buffer): Refusal | undefined {
  return (
    checkField(message, body, { name: 'digest', parse: parseDigest }) ??
    checkField(message, body, { name: 'content-digest', parse: parseContentDigest })
  );
}

function checkField(
  message: Message,
  body: Buffer,
  { name, parse }: { name: string; parse: (value: string) => Digests | undefined },
): Refusal | undefined {
  if (!message.fields.has(name)) return undefined;
  const value = fieldValue(message, name);
  const digests = value === undefined ? undefined : parse(value);
  if (digests === undefined) return refuse(401, 'malformed digest');
  let checked = 0;
  for (const [wireName, digest] of digests) {
    const algorithm = ALGORITHMS.get(wireName);
    if (algorithm === undefined) continue;
    if (hash(algorithm, body, 'base64') !== digest) return refuse(401, 'the digest does not match the body');
    checked += 1;
  }
  return checked > 0 ? undefined : refuse(401, 'no digest by SHA-256 or SHA-512');
}

/** `SHA-256=base64, SHA-512=base64` by lower-case algorithm; undefined where it is malformed or names an algorithm twice. */
function parseDigest(value: string): Digests | undefined {
  const digests = new Map<string, string>();
  for (const part of value.split(',')) {
    const [, algorithm, digest] = /^[ \t]*([A-Za-z0-9-]+)=([^ \t]+)[ \t]*$/.exec(part) ?? [];
    if (algorithm === undefined || digest === undefined || digests.has(algorithm.toLowerCase())) return undefined;
    digests.set(algorithm.toLowerCase(), digest);
  }
  return digests;
}

function parseContentDigest(value: string): Digests | undefined {
  const digests = new Map<string, string>();
  const dictionary = parseDictionary(value);
  if (typeof dictionary === 'string') return undefined;
  for (const [algorithm, member] of dictionary) {
    if ('items' in member || member.value.type !== 'bytes') return undefined;
    digests.set(algorithm, member.value.value.toString('base64'));
  }
  return digests;
}
