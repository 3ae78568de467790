import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '#config.ts';
import type { Database } from '#db/database.ts';
import { compareSchema } from '#db/migrate.ts';
import { openDatabase, SQLITE_FILE } from '#db/open.ts';
import { countProcesses } from '#db/process-slot.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByHandle } from '#domain/accounts/account-store.ts';
import { INSTANCE_ACTOR } from '#domain/accounts/instance-actor.ts';
import { conflictingOrigin } from '#domain/instance/first-origin.ts';
import { countOwners } from '#domain/sign-in/user-store.ts';
import { oldestDue, queueStatus } from '#jobs/queue.ts';
import { type Check, check, fail, ok, warn } from '#operation/check.ts';
import { checkDatabase } from '#operation/check-database.ts';
import { examineFromOutside } from '#operation/doctor-outside.ts';

const MEGABYTE = 1024 * 1024;
const MINUTE = 60_000;
/** A job that waits longer than this has nobody who works on it. */
const LATE = 5 * MINUTE;

/** Examines a server, running or not, without changing anything: its configuration, files and database, then how the world sees it. */
export async function examine(config: Config): Promise<Check[]> {
  const checks = [
    await check('configuration', () => checkConfiguration(config)),
    await check('files', () => checkFiles(config)),
    await check('disk', () => checkDisk(config)),
  ];
  if (config.databaseUrl === undefined && !existsSync(join(config.dataDir, SQLITE_FILE))) {
    const missing = fail(`there is none in ${config.dataDir}`, 'start the server once, or set DATA_DIR to its folder');
    return [...checks, { name: 'database', ...missing }];
  }
  const database = await openDatabase(config);
  try {
    const schema = await check('database', () => checkSchema(database));
    checks.push(schema);
    if (schema.status === 'fail') return checks;
    const instance = await findAccountByHandle(database, INSTANCE_ACTOR, '');
    checks.push(
      await check('origin', () => checkOrigin(config, instance)),
      await check('owner', () => checkOwner(database)),
      await check('queue', () => checkQueue(database)),
      ...(await examineFromOutside(config, instance)),
    );
    return checks;
  } finally {
    await database.close();
  }
}

function checkConfiguration(config: Config) {
  const isForTrying = config.origin.startsWith('http:');
  if (isForTrying)
    return warn(
      `${config.origin} is for trying out: nobody else reaches it`,
      'for a real server set ORIGIN=https://your.domain',
    );
  if (config.federationPrivateHosts) {
    return warn(
      'FEDERATION_PRIVATE_HOSTS=on lets strangers make this server call machines in its own network',
      'unset it: it is for tests',
    );
  }
  if (!config.rateLimits)
    return warn('RATE_LIMITS=off lets anybody guess passwords at full speed', 'unset it: it is for tests');
  return ok(`${config.origin}, data in ${config.dataDir}`);
}

/** Whoever reads these files can act for everybody here. */
function checkFiles({ dataDir, databaseUrl }: Config) {
  const files = ['secret', ...(databaseUrl === undefined ? [SQLITE_FILE] : [])]
    .map((name) => join(dataDir, name))
    .filter((file) => existsSync(file));
  const open = files.filter((file) => (statSync(file).mode & 0o077) !== 0);
  if (open.length > 0)
    return fail(`${open.join(' and ')} can be read by others on this machine`, `chmod 600 ${open.join(' ')}`);
  const user = process.getuid?.();
  const foreign = files.filter((file) => user !== undefined && statSync(file).uid !== user);
  if (foreign.length > 0) {
    return warn(
      `${foreign.join(' and ')} belong to another user than this command runs as`,
      'run parvis as the user the server runs as',
    );
  }
  return ok('secret and database are readable by their owner only');
}

async function checkDisk({ dataDir }: Config) {
  const { bavail, bsize } = await statfs(dataDir);
  const free = (bavail * bsize) / MEGABYTE;
  const message = free > 10_240 ? `${Math.round(free / 1024)} GB free` : `${Math.round(free)} MB free`;
  const advice = `free some space on the disk of ${dataDir}`;
  if (free < 100) return fail(message, advice);
  return free < 1_024 ? warn(message, advice) : ok(message);
}

async function checkSchema(database: Database) {
  const damage = await checkDatabase(database);
  if (damage) return fail(damage, 'stop the server and restore a backup');
  const { pending, unknown } = await compareSchema(database);
  if (unknown.length > 0)
    return fail(`a newer version has changed it (${unknown.join(', ')})`, 'install that version again');
  if (pending.length > 0)
    return warn(`${pending.length} migrations are to be applied`, 'restart the server: it applies them');
  return ok(`${database.dialect === 'sqlite' ? 'SQLite, undamaged' : 'PostgreSQL'}, schema up to date`);
}

function checkOrigin(config: Config, instance: Account | undefined) {
  const first = instance && conflictingOrigin(config, instance);
  return first === undefined
    ? ok('it fits the addresses made at the first start')
    : fail(`this database belongs to ${first}, not to ${config.origin}`, `set ORIGIN=${first}`);
}

async function checkOwner(database: Database) {
  return (await countOwners(database)) > 0
    ? ok('there is one')
    : warn(
        'nobody owns this server',
        'open the link that "parvis owner-link" prints, or use "parvis user create … --role owner"',
      );
}

async function checkQueue(database: Database) {
  const now = Date.now();
  const workers = await countProcesses(database, 'worker', now);
  const due = await oldestDue(database, now);
  const waits = due === undefined ? 0 : now - due;
  const dead = (await queueStatus(database)).reduce((sum, row) => sum + Number(row.dead), 0);
  if (workers === 0) return warn('no server works on it', 'start the server (ROLE all or worker)');
  if (waits > LATE)
    return fail(
      `a job has waited for ${Math.round(waits / MINUTE)} minutes`,
      'look into the log of the server, and at the load of the machine',
    );
  if (dead > 0)
    return warn(
      `${dead} jobs failed for good`,
      'see "parvis queue status" and the log, then "parvis queue retry" or "parvis queue purge"',
    );
  return ok('nothing is late');
}
