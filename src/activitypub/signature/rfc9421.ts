/** HTTP Message Signatures (RFC 9421), as far as requests between fediverse servers need them. */
import {
  type BareItem,
  type InnerList,
  type Item,
  parseDictionary,
  serializeInnerList,
} from '#lib/structured-fields.ts';
import type { Claim } from '#activitypub/signature/claim.ts';
import { ED25519, parseKeyId, RSA_PSS_SHA512, RSA_SHA256, type Scheme } from '#activitypub/signature/key.ts';
import {
  fieldValue,
  isWithinWindow,
  type Message,
  parseHttpDate,
  type Refusal,
  refuse,
} from '#activitypub/signature/message.ts';

/** The labels of RFC 9421 section 6.2.2 that a published key can have; without one the key decides. */
const SCHEMES = new Map<string | undefined, readonly Scheme[]>([
  [undefined, [RSA_SHA256, ED25519]],
  ['rsa-v1_5-sha256', [RSA_SHA256]],
  ['rsa-pss-sha512', [RSA_PSS_SHA512]],
  ['ed25519', [ED25519]],
]);

/** Reads Signature-Input and Signature and checks all that needs no key. */
export function readRfc9421(message: Message): Claim | Refusal {
  const input = readOnlyMember(message, 'signature-input');
  if ('ok' in input) return input;
  const output = readOnlyMember(message, 'signature');
  if ('ok' in output) return output;
  if (
    input.label !== output.label ||
    !('items' in input.member) ||
    'items' in output.member ||
    output.member.value.type !== 'bytes'
  ) {
    return refuse(401, 'malformed signature fields');
  }
  const { parameters } = input.member;
  const signature = output.member.value.value;

  const keyId = parseKeyId(asString(parameters.get('keyid')) ?? '');
  if (keyId === undefined) return refuse(401, 'the key id is not an http(s) URL');
  // An alg that is no string counts as an unknown one, not as absent.
  const schemes = SCHEMES.get(parameters.has('alg') ? (asString(parameters.get('alg')) ?? 'none') : undefined);
  if (schemes === undefined) return refuse(401, 'unknown signature algorithm');

  const components = readComponents(input.member);
  if (components === undefined) return refuse(401, 'malformed or unsupported list of covered components');
  const refusal = checkCoverage(components, message) ?? checkTimes(components, input.member, message);
  if (refusal !== undefined) return refusal;
  const base = buildBase(components, input.member, message);
  if (base === undefined) return refuse(401, 'a covered component is absent, repeated or unknown');
  const signedAt = asMilliseconds(parameters.get('created'));
  return { ok: true, spec: 'rfc9421', keyId, signedAt, schemes, base: Buffer.from(base), signature };
}

/**
 * The one member of a dictionary field. Of several labels a verifier may choose, so each reader could choose another; no server of the
 * fediverse sends two.
 */
function readOnlyMember(message: Message, name: string): { label: string; member: Item | InnerList } | Refusal {
  const dictionary = parseDictionary(fieldValue(message, name) ?? '');
  if (dictionary === 'repeated key') return refuse(400, 'a signature parameter is repeated');
  const [entry, ...others] = dictionary === 'malformed' ? [] : dictionary;
  if (entry === undefined || others.length > 0) return refuse(401, 'not exactly one well-formed signature');
  return { label: entry[0], member: entry[1] };
}

/**
 * The covered component names; undefined where one is repeated, no string, or has parameters: `sf`, `bs`, `key`, `req` and `tr` change what
 * a name means, and nobody here uses them.
 */
function readComponents({ items }: InnerList): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { value, parameters } of items) {
    if (value.type !== 'string' || parameters.size > 0) return undefined;
    names.add(value.value);
  }
  return names.size === items.length ? [...names] : undefined;
}

function checkCoverage(components: readonly string[], message: Message): Refusal | undefined {
  const covers = (name: string): boolean => components.includes(name);
  const coversTarget =
    covers('@target-uri') ||
    (covers('@authority') && covers('@path') && (covers('@query') || !message.target.includes('?')));
  if (covers('@method') && coversTarget && (covers('content-digest') || !message.needsDigest)) return undefined;
  return refuse(401, 'the signature covers too little');
}

function checkTimes(components: readonly string[], { parameters }: InnerList, message: Message): Refusal | undefined {
  const times = [asMilliseconds(parameters.get('created'))];
  if (components.includes('date')) times.push(parseHttpDate(fieldValue(message, 'date') ?? ''));
  if (!times.every((time) => isWithinWindow(time, message.now)))
    return refuse(401, 'signed too long ago or in the future');
  // Negated, so that what is no number has expired.
  if (parameters.has('expires') && !(asMilliseconds(parameters.get('expires')) >= message.now)) {
    return refuse(401, 'the signature has expired');
  }
  return undefined;
}

function asString(item: BareItem | undefined): string | undefined {
  return item?.type === 'string' ? item.value : undefined;
}

function asMilliseconds(item: BareItem | undefined): number {
  return item?.type === 'integer' ? item.value * 1000 : Number.NaN;
}

function buildBase(components: readonly string[], input: InnerList, message: Message): string | undefined {
  let base = '';
  for (const name of components) {
    const value = componentValue(name, message);
    if (value === undefined) return undefined;
    base += `"${name}": ${value}\n`;
  }
  return `${base}"@signature-params": ${serializeInnerList(input)}`;
}

/** RFC 9421 sections 2.1 and 2.2. `@query` has its question mark, which Fedify 2.3 leaves out. */
function componentValue(name: string, message: Message): string | undefined {
  const { method, scheme, authority, target } = message;
  const queryStart = target.includes('?') ? target.indexOf('?') : target.length;
  switch (name) {
    case '@method':
      return method;
    case '@target-uri':
      return `${scheme}://${authority}${target}`;
    case '@authority':
      return authority;
    case '@scheme':
      return scheme;
    case '@request-target':
      return target;
    case '@path':
      return target.slice(0, queryStart);
    case '@query':
      return target.slice(queryStart) || '?';
    default:
      return fieldValue(message, name);
  }
}
