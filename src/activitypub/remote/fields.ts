/**
 * Reading ActivityStreams as it is found: plain JSON, where every value may be missing, single, in an array, or something else. Nothing
 * here throws, and nothing is longer or more than its limit: what comes from strangers ends in our tables and pages.
 */
import { originOf } from '#lib/host.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';

/** Bytes of a URL that is kept: PostgreSQL indexes no more than 2,700. */
const URL_LIMIT = 2_048;
/** Values of one property that are looked at. */
const LIST_LIMIT = 200;
const NESTED_LIMIT = 8;

const AS = 'https://www.w3.org/ns/activitystreams#';
const PUBLIC = new Set([`${AS}Public`, 'as:Public', 'Public']);

/** The values of a property, at most `limit` of them. */
export function listOf(value: unknown, limit = LIST_LIMIT): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.slice(0, limit) : [value];
}

export function objectsOf(value: unknown, limit = LIST_LIMIT): JsonObject[] {
  return listOf(value, limit).filter(isJsonObject);
}

/** The types of an object, in their order, without the prefix of the vocabulary. */
export function typesOf(json: JsonObject): string[] {
  return listOf(own(json, 'type'), 10)
    .filter((type) => typeof type === 'string')
    .map((type) => (type.startsWith(AS) ? type.slice(AS.length) : type.replace(/^as:/, '')));
}

/** A property of the object itself: never `constructor` and the like, which every object inherits. */
export function own(json: JsonObject, name: string): unknown {
  return Object.hasOwn(json, name) ? json[name] : undefined;
}

/** `value` if it is an http(s) URL that is safe to keep and to link to, exactly as written. */
export function httpUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > URL_LIMIT || originOf(value) === undefined) return undefined;
  return value.length * 3 > URL_LIMIT && Buffer.byteLength(value) > URL_LIMIT ? undefined : value;
}

/** Id of a value that is an id, an object with one, or a Link to one. */
export function idOf(value: unknown): string | undefined {
  return httpUrl(isJsonObject(value) ? (own(value, 'id') ?? own(value, 'href')) : value);
}

/** Where a value leads that is an address, an object that is found there, or a Link. */
export function addressOf(value: unknown): string | undefined {
  return urlOf(value) ?? idsOf(value)[0];
}

/** The first of `items` that take `bytes` together, as JSON. */
export function fitting<T>(items: readonly T[], bytes: number): T[] {
  let room = bytes;
  const end = items.findIndex((item) => (room -= Buffer.byteLength(JSON.stringify(item))) < 0);
  return end === -1 ? [...items] : items.slice(0, end);
}

/** Id of the only value; undefined where there are several. */
export function soleIdOf(value: unknown): string | undefined {
  const values = listOf(value);
  return values.length === 1 ? idOf(values[0]) : undefined;
}

/** Ids of all values that have one. */
export function idsOf(value: unknown, limit = LIST_LIMIT): string[] {
  return listOf(value, limit).flatMap((item) => idOf(item) ?? []);
}

export function isPublicId(value: unknown): boolean {
  return typeof value === 'string' && PUBLIC.has(value);
}

/** How deep an address may lie: a list of media objects with a list of Links each. */
const URL_DEPTH = 4;

/** First http(s) URL of strings, Link objects (`href`) and media objects (`url`), in lists and in each other. */
export function urlOf(value: unknown, depth = URL_DEPTH): string | undefined {
  if (depth === 0) return undefined;
  for (const item of listOf(value, depth === URL_DEPTH ? LIST_LIMIT : NESTED_LIMIT)) {
    const url = isJsonObject(item)
      ? (urlOf(own(item, 'href'), depth - 1) ?? urlOf(own(item, 'url'), depth - 1))
      : httpUrl(item);
    if (url !== undefined) return url;
  }
  return undefined;
}

/** The page for people that an object names: of several links the one that says it is HTML, else one that does not say it is media. */
export function pageOf(json: JsonObject): string | undefined {
  const links = listOf(own(json, 'url'));
  const typeOf = (link: unknown) => (isJsonObject(link) ? textOf(own(link, 'mediaType')) : undefined);
  return (
    urlOf(links.filter((link) => typeOf(link)?.startsWith('text/html'))) ??
    urlOf(links.filter((link) => typeOf(link) === undefined))
  );
}

/** The first text of a property. */
export function textOf(value: unknown): string | undefined {
  return listOf(value).find((item) => typeof item === 'string');
}

/** Control characters but line breaks, and code points that are no characters. */
const UNPRINTABLE = /[[\p{Cc}\p{Noncharacter_Code_Point}]--[\n]]/gv;

/** Text for people, of a bounded length (UTF-16 units), cut between characters. */
export function plainText(value: unknown, limit: number): string {
  const text = textOf(value) ?? '';
  // Bounded before anything is done to it.
  const cut = text
    .slice(0, limit * 2)
    .toWellFormed()
    .replace(UNPRINTABLE, '')
    .trim();
  return cut.length <= limit ? cut : cut.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '');
}

/** A whole number of a range. */
export function integerOf(value: unknown, { min, max }: { min: number; max: number }): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i;
/** Before it there was nothing to federate with; a post that says otherwise would be first in every list for ever. */
const EARLIEST = Date.UTC(2001, 0, 1);

/** An xsd:dateTime (UTC where it names no zone) as epoch milliseconds; undefined for what is none. */
export function instantOf(value: unknown): number | undefined {
  const text = textOf(value);
  const match = text === undefined || text.length > 40 ? null : DATE_TIME.exec(text);
  if (!match) return undefined;
  const time = Date.parse(match[1] === undefined ? `${text}Z` : match[0]);
  return Number.isNaN(time) ? undefined : time;
}

/** The same within [2001, now]. */
export function timeOf(value: unknown, now: number): number | undefined {
  const time = instantOf(value);
  return time === undefined ? undefined : Math.min(Math.max(time, EARLIEST), now);
}
