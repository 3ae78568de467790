import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, readConfig, readEnvironment, withPort } from '#config.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parvis-config-'));
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const read = (env: Record<string, string> = {}) => readConfig({ DATA_DIR: dataDir, ...env });

/** What the operator reads when this does not start. */
function complaint(env: Record<string, string>): string {
  try {
    read(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(env)} was accepted`);
}

describe('The configuration', () => {
  test('needs nothing: a server of one’s own machine', () => {
    expect(read()).toMatchObject({
      origin: 'http://localhost:3000',
      host: 'localhost:3000',
      scheme: 'http',
      port: 3000,
      listenHost: '127.0.0.1',
      databaseUrl: undefined,
      federationPrivateHosts: false,
      registration: undefined,
      rateLimits: true,
      role: 'all',
      logLevel: 'info',
      hsts: 0,
    });
  });

  test('takes the port into the origin that nobody gave', () => {
    expect(read({ PORT: '8080' }).origin).toBe('http://localhost:8080');
  });

  test('reads every variable', () => {
    const config = read({
      ORIGIN: 'https://parvis.example/',
      PORT: '80',
      HOST: '::',
      DATABASE_URL: 'postgres://me:secret@db/parvis',
      FEDERATION_PRIVATE_HOSTS: 'on',
      REGISTRATION: 'approval',
      RATE_LIMITS: 'off',
      TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::/32, 192.0.2.1',
      ROLE: 'worker',
      LOG_LEVEL: 'warning',
      HSTS: '31536000',
    });
    expect(config).toMatchObject({
      origin: 'https://parvis.example',
      host: 'parvis.example',
      scheme: 'https',
      port: 80,
      listenHost: '::',
      databaseUrl: 'postgres://me:secret@db/parvis',
      federationPrivateHosts: true,
      registration: 'approval',
      rateLimits: false,
      trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
      role: 'worker',
      logLevel: 'warning',
      hsts: 31_536_000,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each([
    'postgres://parvis@/parvis?host=/var/run/postgresql',
    'postgresql://parvis:p%40ss@[::1]:5433/parvis?sslmode=require',
    'postgres:///parvis',
  ])('takes %s for the URL of a database', (url) => {
    expect(read({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  test('follows the port into the origin that nobody gave, and leaves the one that somebody gave', () => {
    expect(withPort(read({ PORT: '0' }), 4000)).toMatchObject({
      port: 4000,
      origin: 'http://localhost:4000',
      host: 'localhost:4000',
    });
    expect(withPort(read({ PORT: '0', ORIGIN: 'https://parvis.example' }), 4000)).toMatchObject({
      port: 4000,
      origin: 'https://parvis.example',
      host: 'parvis.example',
    });
  });

  test('can be looked at without anything being made', () => {
    const folder = join(dataDir, 'not-yet');
    const environment = readEnvironment({ DATA_DIR: folder });
    expect(environment).toMatchObject({ dataDir: folder, port: 3000 });
    expect(environment).not.toHaveProperty('secret');
    expect(existsSync(folder)).toBe(false);
  });

  test('takes an empty variable for one that is not there', () => {
    expect(read({ PORT: '', ROLE: '  ', DATABASE_URL: '' })).toMatchObject({
      port: 3000,
      role: 'all',
      databaseUrl: undefined,
    });
  });

  test.each([
    ['ORIGIN', 'example.org'],
    ['ORIGIN', 'https://example.org/path'],
    ['ORIGIN', 'https://me@example.org'],
    ['ORIGIN', 'https://example.org/?x'],
    ['ORIGIN', 'ftp://example.org'],
    ['ORIGIN', 'https://'],
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3000.5'],
    ['PORT', '0x50'],
    ['DATABASE_URL', 'mysql://localhost/parvis'],
    ['DATABASE_URL', 'postgres://u:p@127.0.0.1:99999/db'],
    ['DATABASE_URL', 'postgres://u:p@a b/db'],
    ['FEDERATION_PRIVATE_HOSTS', '10.0.0.0/8'],
    ['REGISTRATION', 'maybe'],
    ['RATE_LIMITS', '100'],
    ['TRUSTED_PROXIES', 'localhost'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', '10.0.0'],
    ['TRUSTED_PROXIES', '::1/129'],
    ['TRUSTED_PROXIES', '127.0.0.1,,10.0.0.1'],
    ['ROLE', 'server'],
    ['LOG_LEVEL', 'verbose'],
    ['HSTS', 'yes'],
  ])('says in one line what to write when %s is %s', (name, value) => {
    const line = complaint({ [name]: value });
    expect(line).not.toContain('\n');
    expect(line).toMatch(new RegExp(`^${name}.* is not valid: write .+`));
  });

  test('lists every wrong variable, one a line', () => {
    expect(complaint({ PORT: 'x', ROLE: 'y', HSTS: 'z' }).split('\n')).toHaveLength(3);
  });

  test('does not repeat the password in a database URL', () => {
    expect(complaint({ DATABASE_URL: 'mysql://parvis:hunter2@db/parvis' })).not.toContain('hunter2');
  });

  test('leaves nothing behind when it is wrong', () => {
    const folder = join(dataDir, 'not-yet');
    complaint({ DATA_DIR: folder, PORT: 'x' });
    expect(existsSync(folder)).toBe(false);
  });

  test('says what to do about a data folder that cannot be one', () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    const line = complaint({ DATA_DIR: join(file, 'data') });
    expect(line).toMatch(/^DATA_DIR=.* cannot be used \(ENOTDIR\): write a folder/);
    expect(line).not.toContain('\n');
  });
});
