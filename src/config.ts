import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { SECRET_FILE, SQLITE_FILE } from '#lib/data-folder.ts';
import { ExpectedError } from '#lib/expected-error.ts';
import { findSecret, makeSecret, protectSecret } from '#lib/secret-file.ts';

/** A configuration error: one line that says what to write. The process stops with it. */
export class ConfigError extends ExpectedError {
  override name = 'ConfigError';
}

const whole = z
  .string()
  .regex(/^\d{1,10}$/)
  .transform(Number);
const port = whole.pipe(z.number().max(65_535));
/** `on` and `off`, and what people write instead. */
const onOff = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['on', 'true', 'yes', '1', 'off', 'false', 'no', '0']))
  .transform((word) => (['on', 'true', 'yes', '1'].includes(word) ? 'on' : 'off'));

/** Names that stand for another one in documents: a database made under one of them would be nobody's. */
function isPlaceholder(hostname: string): boolean {
  return /(?:^|\.)example\.(?:com|net|org)$|^(?:your|my)[.-]?(?:domain|name)\b/i.test(hostname);
}

export const registrationModes = ['open', 'approval', 'invite', 'closed'] as const;

/** Every variable the server reads, with what to write when it is wrong. `.env` files are not read: use the service manager. */
const variables = {
  ORIGIN: {
    schema: z
      .string()
      .refine(isOrigin)
      .transform((text) => new URL(text).origin)
      .refine((origin) => !isPlaceholder(new URL(origin).hostname)),
    hint: 'the public origin of this server without a path, such as https://example.org with your own name',
  },
  PORT: { schema: port, hint: 'a port number from 0 to 65535' },
  HOST: { schema: z.string().min(1), hint: 'an address to listen on, such as 127.0.0.1 or 0.0.0.0' },
  DATA_DIR: { schema: z.string().min(1), hint: 'a folder that the server can write, such as /var/lib/parvis' },
  DATABASE_URL: {
    schema: z.string().refine(isDatabaseUrl),
    hint: 'postgres://user:password@host/database, or nothing for SQLite in DATA_DIR',
  },
  FEDERATION_PRIVATE_HOSTS: { schema: onOff, hint: 'on (development and tests only) or off' },
  REGISTRATION: { schema: z.enum(registrationModes), hint: 'open, approval, invite or closed' },
  RATE_LIMITS: { schema: onOff, hint: 'on or off' },
  TRUSTED_PROXIES: {
    schema: z
      .string()
      .transform(splitList)
      .refine((networks) => networks.every(isNetwork)),
    hint: 'addresses or networks of your reverse proxies, such as 127.0.0.1,10.0.0.0/8 (default: loopback)',
  },
  ROLE: { schema: z.enum(['all', 'web', 'worker']), hint: 'all, web or worker' },
  LOG_LEVEL: { schema: z.enum(['debug', 'info', 'warning', 'error']), hint: 'debug, info, warning or error' },
  HSTS: { schema: whole, hint: 'seconds that browsers must insist on HTTPS, such as 31536000' },
} as const;

type Name = keyof typeof variables;
type Value<N extends Name> = z.output<(typeof variables)[N]['schema']>;

export type RegistrationMode = (typeof registrationModes)[number];
export type Role = Value<'ROLE'>;

/** What the server was told. */
export interface Environment {
  /** Public origin, no trailing slash: the only source of every URL the server writes. */
  readonly origin: string;
  /** Host (and port, where not the default) of `origin`: the part after @ in handles. */
  readonly host: string;
  /** Scheme of `origin`. */
  readonly scheme: 'http' | 'https';
  readonly port: number;
  readonly listenHost: string;
  readonly dataDir: string;
  /** postgres:// URL; undefined means SQLite in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Allow http and private addresses between servers. Development and tests only. */
  readonly federationPrivateHosts: boolean;
  /** Overrides the mode chosen in the owner's set-up; undefined leaves it to the owner. */
  readonly registration: RegistrationMode | undefined;
  readonly rateLimits: boolean;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly role: Role;
  readonly logLevel: Value<'LOG_LEVEL'>;
  /** Strict-Transport-Security max-age in seconds; 0 sends none. */
  readonly hsts: number;
}

/** What the server works with, read once at start and frozen. */
export interface Config extends Environment {
  /** Encrypts private keys at rest and signs CSRF tokens; made at first start, mode 0600, in `dataDir`. */
  readonly secret: Buffer;
}

/**
 * Reads and checks `env`, and prepares the data folder: makes it, and the secret in it, at the first start.
 * @throws ConfigError with one line per wrong variable; ExpectedError where the secret cannot be had.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const environment = readEnvironment(env);
  return Object.freeze({ ...environment, secret: loadSecret(environment) });
}

/**
 * Reads and checks `env` alone, for whoever looks at a server from beside it: makes nothing, changes nothing, and asks for no right to
 * write. The secret, where there is one, is `findSecret` of `DATA_DIR/secret`.
 * @throws ConfigError with one line per wrong variable
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const problems: string[] = [];
  const read = <N extends Name>(name: N): Value<N> | undefined => {
    const text = env[name]?.trim();
    if (text === undefined || text === '') return undefined;
    const parsed = variables[name].schema.safeParse(text);
    if (parsed.success) return parsed.data as Value<N>;
    // A URL of a database holds a password, which is nobody's to read in a log.
    problems.push(`${name}${name === 'DATABASE_URL' ? '' : `=${text}`} is not valid: write ${variables[name].hint}`);
    return undefined;
  };
  const listenPort = read('PORT') ?? 3000;
  const environment: Environment = {
    ...partsOf(read('ORIGIN') ?? defaultOrigin(listenPort)),
    port: listenPort,
    listenHost: read('HOST') ?? '127.0.0.1',
    dataDir: resolve(read('DATA_DIR') ?? './data'),
    databaseUrl: read('DATABASE_URL'),
    federationPrivateHosts: (read('FEDERATION_PRIVATE_HOSTS') ?? 'off') === 'on',
    registration: read('REGISTRATION'),
    rateLimits: (read('RATE_LIMITS') ?? 'on') === 'on',
    trustedProxies: read('TRUSTED_PROXIES') ?? ['127.0.0.0/8', '::1/128'],
    role: read('ROLE') ?? 'all',
    logLevel: read('LOG_LEVEL') ?? 'info',
    hsts: read('HSTS') ?? 0,
  };
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return Object.freeze(environment);
}

/** `config` on another port, with the origin that follows from it where nobody gave one. */
export function withPort(config: Config, newPort: number): Config {
  const isDefault = config.origin === defaultOrigin(config.port);
  return Object.freeze({ ...config, ...(isDefault ? partsOf(defaultOrigin(newPort)) : {}), port: newPort });
}

function defaultOrigin(ofPort: number): string {
  return new URL(`http://localhost:${ofPort}`).origin;
}

function partsOf(origin: string): Pick<Environment, 'origin' | 'host' | 'scheme'> {
  const { host, protocol } = new URL(origin);
  return { origin, host, scheme: protocol === 'https:' ? 'https' : 'http' };
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash && !url.username
  );
}

function splitList(text: string): string[] {
  return text.split(',').map((entry) => entry.trim());
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

/** Whether the driver will be able to read it. An empty host, before a socket's folder in `?host=`, is the driver's own notation. */
function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\/./.test(text) && (URL.canParse(text) || URL.canParse(text.replace('@/', '@socket/')));
}

/** The instance's secret, made at the first start, and kept from other users. */
function loadSecret({ dataDir, databaseUrl }: Environment): Buffer {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError(`DATA_DIR=${dataDir} cannot be used (${reason}): write ${variables.DATA_DIR.hint}`);
  }
  const file = join(dataDir, SECRET_FILE);
  // Before the secret: another process that starts first at the same time makes the secret, and then the database.
  const hasDatabase = databaseUrl === undefined && existsSync(join(dataDir, SQLITE_FILE));
  const found = findSecret(file);
  if (found) {
    // Also where a backup or a copy brought it back for everybody to read.
    protectSecret(file);
    return found;
  }
  // A new secret would start a server whose keys nobody can read. (A PostgreSQL database is compared with the secret once it is open.)
  if (hasDatabase) {
    throw new ConfigError(`${file} is missing, and the database cannot be used without it: restore it from a backup`);
  }
  return makeSecret(file);
}
