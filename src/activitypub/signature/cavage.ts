/**
 * draft-cavage-http-signatures-12, what most of the fediverse still signs with.
 *
 * Where practice and draft differ we follow practice: `hs2019` means PKCS#1 v1.5 with SHA-256 (GoToSocial, Lemmy; never the draft's PSS) and
 * is tried with SHA-512 too (go-fed). `(created)` is taken with any label, though the draft forbids it with `rsa-*`: it weakens nothing.
 */
import { decodeBase64 } from '#lib/base64.ts';
import { ED25519, parseKeyId, RSA_SHA256, RSA_SHA512, type Scheme } from '#activitypub/signature/key.ts';
import {
  fieldValue,
  isWithinWindow,
  type Message,
  parseHttpDate,
  type Refusal,
  refuse,
} from '#activitypub/signature/message.ts';
import type { Claim } from '#activitypub/signature/claim.ts';

type Parameters = ReadonlyMap<string, string>;

const SCHEMES = new Map<string | undefined, readonly Scheme[]>([
  [undefined, [RSA_SHA256, ED25519]],
  ['hs2019', [RSA_SHA256, RSA_SHA512, ED25519]],
  ['rsa-sha256', [RSA_SHA256]],
  ['rsa-sha512', [RSA_SHA512]],
  ['ed25519', [ED25519]],
]);

const PARAMETER = /([A-Za-z][A-Za-z0-9_-]*)=(?:"([ !#-[\]-~]*)"|(\d+))/y;
const SEPARATOR = /[ \t]*,[ \t]*/y;
const SECONDS = /^\d{1,11}$/;

/** Reads the Signature header and checks all that needs no key. */
export function readCavage(message: Message): Claim | Refusal {
  const header = fieldValue(message, 'signature');
  const parameters = header === undefined ? undefined : parseParameters(header);
  if (parameters === undefined || parameters === 'malformed') return refuse(401, 'malformed Signature header');
  if (parameters === 'repeated key') return refuse(400, 'a signature parameter is repeated');

  const keyId = parseKeyId(parameters.get('keyId') ?? '');
  if (keyId === undefined) return refuse(401, 'the key id is not an http(s) URL');
  const schemes = SCHEMES.get(parameters.get('algorithm'));
  if (schemes === undefined) return refuse(401, 'unknown signature algorithm');
  const signature = decodeBase64(parameters.get('signature') ?? '');
  if (signature === undefined || signature.length === 0) return refuse(401, 'the signature is not base64');

  const components = (parameters.get('headers') ?? '').split(' ');
  const refusal = checkCoverage(components, message) ?? checkTimes(components, parameters, message);
  if (refusal !== undefined) return refusal;
  const base = buildBase(components, parameters, message);
  if (base === undefined) return refuse(401, 'a covered header is absent, repeated or unknown');
  const signedAt = signedTime(components, parameters, message);
  return { ok: true, spec: 'cavage', keyId, signedAt, schemes, base: Buffer.from(base), signature };
}

/** `name="value"` or `name=123`, comma-separated. Names that differ in case only count as repeated: readers disagree on them. */
function parseParameters(header: string): Parameters | 'malformed' | 'repeated key' {
  const parameters = new Map<string, string>();
  const names = new Set<string>();
  for (let at = 0; ; at = SEPARATOR.lastIndex) {
    PARAMETER.lastIndex = at;
    const [, name, quoted, number] = PARAMETER.exec(header) ?? [];
    const value = quoted ?? number;
    if (name === undefined || value === undefined) return 'malformed';
    if (names.has(name.toLowerCase())) return 'repeated key';
    names.add(name.toLowerCase());
    parameters.set(name, value);
    if (PARAMETER.lastIndex === header.length) return parameters;
    SEPARATOR.lastIndex = PARAMETER.lastIndex;
    if (!SEPARATOR.test(header)) return 'malformed';
  }
}

function checkCoverage(components: readonly string[], message: Message): Refusal | undefined {
  if (new Set(components).size < components.length) return refuse(400, 'a covered header is listed twice');
  const required = ['(request-target)', 'host', ...(message.needsDigest ? ['digest'] : [])];
  if (!required.every((name) => components.includes(name))) return refuse(401, 'the signature covers too little');
  return undefined;
}

function checkTimes(components: readonly string[], parameters: Parameters, message: Message): Refusal | undefined {
  const times: number[] = [];
  if (components.includes('date')) times.push(parseHttpDate(fieldValue(message, 'date') ?? ''));
  else if (!components.includes('(created)')) return refuse(401, 'the signature covers too little');

  const created = parameters.get('created');
  if (created !== undefined) times.push(parseSeconds(created));
  if (!times.every((time) => isWithinWindow(time, message.now)))
    return refuse(401, 'signed too long ago or in the future');

  const expires = parameters.get('expires');
  // Negated, so that what is no number has expired.
  if (expires !== undefined && !(parseSeconds(expires) >= message.now)) return refuse(401, 'the signature has expired');
  return undefined;
}

/** Of what is covered: parameters that are not may have been changed since. */
function signedTime(components: readonly string[], parameters: Parameters, message: Message): number {
  const isDated = components.includes('date');
  return isDated ? parseHttpDate(fieldValue(message, 'date') ?? '') : parseSeconds(parameters.get('created') ?? '');
}

function parseSeconds(text: string): number {
  return SECONDS.test(text) ? Number(text) * 1000 : Number.NaN;
}

function buildBase(components: readonly string[], parameters: Parameters, message: Message): string | undefined {
  const lines: string[] = [];
  for (const name of components) {
    const value = componentValue(name, parameters, message);
    if (value === undefined) return undefined;
    lines.push(`${name}: ${value}`);
  }
  return lines.join('\n');
}

function componentValue(name: string, parameters: Parameters, message: Message): string | undefined {
  switch (name) {
    case '(request-target)':
      return `${message.method.toLowerCase()} ${message.target}`;
    case '(created)':
      return parameters.get('created');
    case '(expires)':
      return parameters.get('expires');
    default:
      return fieldValue(message, name);
  }
}
