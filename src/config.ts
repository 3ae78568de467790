import { accessSync, chmodSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** A configuration error: one line that says what to write. The process stops with it. */
export class ConfigError extends Error {
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

/** Every variable the server reads, with what to write when it is wrong. `.env` files are not read: use the service manager. */
const environment = {
  ORIGIN: {
    schema: z
      .string()
      .refine(isOrigin)
      .transform((text) => new URL(text).origin),
    hint: 'a public origin without a path, such as https://example.org',
  },
  PORT: { schema: port, hint: 'a port number from 0 to 65535' },
  HOST: { schema: z.string().min(1), hint: 'an address to listen on, such as 127.0.0.1 or 0.0.0.0' },
  DATA_DIR: { schema: z.string().min(1), hint: 'a folder that the server can write, such as /var/lib/parvis' },
  DATABASE_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\/./),
    hint: 'postgres://user:password@host/database, or nothing for SQLite in DATA_DIR',
  },
  FEDERATION_PRIVATE_HOSTS: { schema: onOff, hint: 'on (development and tests only) or off' },
  REGISTRATION: { schema: z.enum(['open', 'approval', 'invite', 'closed']), hint: 'open, approval, invite or closed' },
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

type Name = keyof typeof environment;
type Value<N extends Name> = z.output<(typeof environment)[N]['schema']>;

export type RegistrationMode = Value<'REGISTRATION'>;
export type Role = Value<'ROLE'>;

/** What the server was told, read once at start and frozen. */
export interface Config {
  /** Public origin, no trailing slash: the only source of every URL the server writes. */
  readonly origin: string;
  /** Host (and port, where not the default) of `origin`: the part after @ in handles. */
  readonly host: string;
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
  /** Encrypts private keys at rest and signs CSRF tokens; made at first start, mode 0600, in `dataDir`. */
  readonly secret: Buffer;
}

/** Reads and checks `env`. @throws ConfigError with one line per wrong variable. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems: string[] = [];
  const read = <N extends Name>(name: N): Value<N> | undefined => {
    const text = env[name]?.trim();
    if (text === undefined || text === '') return undefined;
    const parsed = environment[name].schema.safeParse(text);
    if (parsed.success) return parsed.data as Value<N>;
    // A URL of a database holds a password, which is nobody's to read in a log.
    problems.push(`${name}${name === 'DATABASE_URL' ? '' : `=${text}`} is not valid: write ${environment[name].hint}`);
    return undefined;
  };
  const listenPort = read('PORT') ?? 3000;
  const origin = read('ORIGIN') ?? `http://localhost:${listenPort}`;
  const dataDir = resolve(read('DATA_DIR') ?? './data');
  const config = {
    origin,
    host: new URL(origin).host,
    port: listenPort,
    listenHost: read('HOST') ?? '127.0.0.1',
    dataDir,
    databaseUrl: read('DATABASE_URL'),
    federationPrivateHosts: (read('FEDERATION_PRIVATE_HOSTS') ?? 'off') === 'on',
    registration: read('REGISTRATION'),
    rateLimits: (read('RATE_LIMITS') ?? 'on') === 'on',
    trustedProxies: read('TRUSTED_PROXIES') ?? ['127.0.0.0/8', '::1/128'],
    role: read('ROLE') ?? 'all',
    logLevel: read('LOG_LEVEL') ?? 'info',
    hsts: read('HSTS') ?? 0,
  } satisfies Omit<Config, 'secret'>;
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return Object.freeze({ ...config, secret: loadSecret(dataDir) });
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

/** The instance's secret: 32 random bytes in DATA_DIR/secret. Written with `wx`, so that of two first starts one wins and both agree. */
function loadSecret(dataDir: string): Buffer {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(`DATA_DIR=${dataDir} cannot be used (${reason(error)}): write ${environment.DATA_DIR.hint}`);
  }
  const file = join(dataDir, 'secret');
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ConfigError(
        `${file} cannot be written (${reason(error)}): free some disk or change the folder's owner`,
      );
    }
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new ConfigError(`${file} is damaged: restore it from a backup (private keys cannot be read without it)`);
  }
  // Also where a backup or a copy brought it back for everybody to read. Whoever may not change the mode does not own it: their choice.
  if ((statSync(file).mode & 0o077) !== 0) attempt(() => chmodSync(file, 0o600));
  return Buffer.from(text, 'hex');
}

function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
