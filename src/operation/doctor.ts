import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type Environment } from '#config.ts';
import type { Database } from '#db/database.ts';
import { compareSchema } from '#db/migrate.ts';
import { openForReading } from '#db/open.ts';
import { countProcesses } from '#db/process-slot.ts';
import { type Account, INSTANCE_ACTOR } from '#domain/accounts/account.ts';
import { findAccountByHandle, hasOtherAccount } from '#domain/accounts/account-store.ts';
import { conflictingOrigin } from '#domain/instance/first-origin.ts';
import { isSecretOf } from '#domain/instance/secret-check.ts';
import { listOwners } from '#domain/sign-in/user-store.ts';
import { oldestDue, queueStatus } from '#jobs/job-store.ts';
import { isLoopback } from '#lib/host.ts';
import { SQLITE_FILE } from '#lib/data-folder.ts';
import { type Check, check, fail, ok, warn } from '#operation/check.ts';
import { checkDatabase } from '#operation/check-database.ts';
import { checkDisk, checkFiles, checkSecret } from '#operation/doctor-files.ts';
import { examineFromOutside } from '#operation/doctor-outside.ts';

const MINUTE = 60_000;
/** A job that waits longer than this has nobody who works on it. */
const LATE = 5 * MINUTE;

/**
 * Examines a server, running or not, without changing anything: its configuration, files and database, then how the world sees it. What
 * is broken is a finding, and keeps nothing else from being examined.
 */
export async function examine(read: () => Environment): Promise<Check[]> {
  let environment: Environment;
  try {
    environment = read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ name: 'configuration', ...fail(error.message, 'change the environment variables of the server') }];
  }
  const { checks, instance } = await examineInside(environment);
  return [...checks, ...(await examineFromOutside(environment, instance))];
}

async function examineInside(environment: Environment): Promise<{ checks: Check[]; instance?: Account | undefined }> {
  const checks = [
    await check('configuration', () => checkConfiguration(environment)),
    await check('files', () => checkFiles(environment)),
    await check('disk', () => checkDisk(environment)),
  ];
  const checkSecretAlone = () => check('secret', () => checkSecret(environment));
  let database: Database | undefined;
  try {
    const schema = await check('database', async () => {
      if (isMissing(environment))
        return fail(`there is none in ${environment.dataDir}`, 'start the server once, or set DATA_DIR to its folder');
      database = await openForReading(environment);
      return checkSchema(database);
    });
    checks.push(schema);
    if (!database || schema.status === 'fail') return { checks: [...checks, await checkSecretAlone()] };
    const opened = database;
    let instance: Account | undefined;
    const origin = await check('origin', async () => {
      instance = await findAccountByHandle(opened, INSTANCE_ACTOR, '');
      return checkOrigin(environment, instance, opened);
    });
    const own = instance;
    checks.push(
      origin,
      own
        ? await check('secret', () => checkSecret(environment, (secret) => isSecretOf(opened, secret, own)))
        : await checkSecretAlone(),
      await check('owner', () => checkOwner(opened)),
      await check('queue', () => checkQueue(opened)),
    );
    return { checks, instance };
  } finally {
    await database?.close();
  }
}

function isMissing({ dataDir, databaseUrl }: Environment): boolean {
  return databaseUrl === undefined && !existsSync(join(dataDir, SQLITE_FILE));
}

function checkConfiguration(environment: Environment) {
  if (environment.scheme === 'http' && !isLoopback(new URL(environment.origin).hostname))
    return warn(
      `${environment.origin} is without TLS, and other servers speak with none such`,
      'set ORIGIN=https://… before anybody has an account here: it can never change afterwards',
    );
  if (environment.scheme === 'http')
    return warn(
      `${environment.origin} is for trying out: nobody else reaches it`,
      'for a real server set ORIGIN=https://your.domain',
    );
  if (environment.federationPrivateHosts) {
    return warn(
      'FEDERATION_PRIVATE_HOSTS=on lets strangers make this server call machines in its own network',
      'unset it: it is for tests',
    );
  }
  if (!environment.rateLimits)
    return warn('RATE_LIMITS=off lets anybody guess passwords at full speed', 'unset it: it is for tests');
  return ok(`${environment.origin}, data in ${environment.dataDir}`);
}

async function checkSchema(database: Database) {
  const damage = await checkDatabase(database);
  if (damage) return fail(damage, 'stop the server and restore a backup');
  const { pending, problem } = await compareSchema(database);
  if (problem) return fail(`it ${problem.finding}`, problem.remedy);
  if (pending.length > 0)
    return warn(`${pending.length} migrations are to be applied`, 'restart the server: it applies them');
  return ok(`${database.dialect === 'sqlite' ? 'SQLite, undamaged' : 'PostgreSQL'}, schema up to date`);
}

async function checkOrigin(environment: Environment, instance: Account | undefined, database: Database) {
  if (instance?.deletedAt !== undefined)
    return fail("the server's own account is deleted, and others believe that for ever", 'restore an earlier backup');
  const first = instance && conflictingOrigin(environment, instance);
  if (first !== undefined && instance && !(await hasOtherAccount(database, instance.id)))
    return ok(`nothing is here yet: the next start takes ${environment.origin} instead of ${first}`);
  return first === undefined
    ? ok('it fits the addresses made at the first start')
    : fail(`this database belongs to ${first}, not to ${environment.origin}`, `set ORIGIN=${first}`);
}

async function checkOwner(database: Database) {
  return (await listOwners(database)).length > 0
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
  const dead = (await queueStatus(database)).reduce((sum, row) => sum + row.dead, 0);
  if (workers === 0) return warn('no server works on it', 'start the server (ROLE all or worker)');
  if (waits > LATE)
    return fail(
      `a job has waited for ${Math.round(waits / MINUTE)} minutes`,
      'look into the log of the server, and at the load of the machine',
    );
  if (dead > 0)
    return warn(
      `${dead} jobs failed for good`,
      'see why in "parvis queue status", then "parvis queue retry" or "parvis queue purge"',
    );
  return ok('nothing is late');
}
