import { connect } from 'node:tls';
import type { Environment } from '#config.ts';
import type { Account } from '#domain/accounts/account.ts';
import { isActivityJsonType } from '#lib/media-type.ts';
import { createSafeFetch, type SafeFetch, type SafeResponse } from '#lib/safe-fetch.ts';
import { type Check, check, fail, ok, warn } from '#operation/check.ts';

const DAY = 86_400_000;
const SECOND = 1_000;
/** Servers refuse signatures whose date is further off than this; ours are dated by our clock. */
const CLOCK_LIMIT = 30 * SECOND;
const CLOCK_WARNING = 5 * SECOND;

/** How the world sees the server: through its name, its certificate and its reverse proxy. */
export async function examineFromOutside(environment: Environment, instance: Account | undefined): Promise<Check[]> {
  // The origin is the operator's own word, not a stranger's: it may well be an address of this network.
  const fetch = createSafeFetch({ allowPrivateHosts: true, userAgent: `Parvis doctor (+${environment.origin})` });
  try {
    const reached = await check('reachable', () => checkReachable(environment, fetch));
    if (reached.status === 'fail') return [reached];
    return [
      reached,
      ...(environment.scheme === 'https' ? [await check('certificate', () => checkCertificate(environment))] : []),
      await check('clock', () => checkClock(environment, fetch)),
      ...(instance
        ? [
            await check('webfinger', () => checkWebFinger(environment, fetch, instance)),
            await check('actor', () => checkActor(fetch, instance)),
          ]
        : []),
    ];
  } finally {
    await fetch.close();
  }
}

async function checkReachable({ origin, listenHost, port }: Environment, fetch: SafeFetch) {
  const proxyAdvice = `check that the server runs and that the reverse proxy hands everything to http://${listenHost}:${port}`;
  let answer: SafeResponse;
  try {
    answer = await fetch.request(`${origin}/health`);
  } catch (error) {
    return fail(
      (error as Error).message,
      `check the name in DNS, the firewall and the certificate; then ${proxyAdvice}`,
    );
  }
  return answer.status === 200
    ? ok(`${origin}/health answers`)
    : fail(`${origin}/health answers ${answer.status}`, proxyAdvice);
}

async function checkCertificate({ origin }: Environment) {
  const { hostname, port } = new URL(origin);
  const end = await new Promise<number>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), servername: hostname, timeout: 10_000 }, () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to));
      socket.end();
    });
    socket.on('error', reject);
    socket.on('timeout', () => socket.destroy(new Error(`${hostname} took over 10 s`)));
  });
  const days = Math.floor((end - Date.now()) / DAY);
  const message = `valid for ${days} days`;
  return days < 10 ? warn(message, 'see why it was not renewed: the log of the reverse proxy says') : ok(message);
}

async function checkClock({ origin }: Environment, fetch: SafeFetch) {
  const started = Date.now();
  const { headers } = await fetch.request(`${origin}/health`);
  const theirs = Date.parse(String(headers['date']));
  if (Number.isNaN(theirs))
    return warn('the answer of the origin has no date', 'let the reverse proxy keep the Date header');
  // The header has whole seconds: half of one is its middle.
  const off = Math.abs(theirs + SECOND / 2 - (started + Date.now()) / 2);
  const message =
    off < 2 * SECOND
      ? 'agrees with the answer of the origin'
      : `differs by ${Math.round(off / SECOND)} s from the answer of the origin`;
  const advice = 'let the machines set their clocks by NTP: timedatectl set-ntp true';
  if (off > CLOCK_LIMIT) return fail(`${message}: other servers will refuse what this one signs`, advice);
  return off > CLOCK_WARNING ? warn(message, advice) : ok(message);
}

async function checkWebFinger({ origin, host }: Environment, fetch: SafeFetch, instance: Account) {
  const subject = `acct:${instance.username}@${host}`;
  const { status, body } = await fetch.request(
    `${origin}/.well-known/webfinger?resource=${encodeURIComponent(subject)}`,
  );
  if (status !== 200)
    return fail(
      `it answers ${status}`,
      'let the reverse proxy hand on /.well-known/webfinger with its query and the Host header',
    );
  const jrd = JSON.parse(body.toString()) as { links?: { rel?: string; href?: string }[] };
  const self = jrd.links?.find((link) => link.rel === 'self')?.href;
  return self === instance.uri
    ? ok(`${subject} is found`)
    : fail(`${subject} leads to ${self ?? 'nowhere'}`, `it should lead to ${instance.uri}: is ORIGIN what it was?`);
}

async function checkActor(fetch: SafeFetch, instance: Account) {
  const { status, headers, body } = await fetch.request(instance.uri, {
    headers: { accept: 'application/activity+json' },
  });
  if (status !== 200 || !isActivityJsonType(headers['content-type'])) {
    return fail(
      `${instance.uri} answers ${status} ${String(headers['content-type'] ?? '')}`,
      'let the reverse proxy hand on the Accept header, and cache nothing without Vary',
    );
  }
  const { id } = JSON.parse(body.toString()) as { id?: string };
  return id === instance.uri
    ? ok('other servers can read this one')
    : fail(`its id is ${id ?? 'missing'}`, `it should be ${instance.uri}: is ORIGIN what it was?`);
}
