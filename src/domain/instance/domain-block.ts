import { type Ctx, inTransaction } from '#context.ts';
import { Invalid, NotFound } from '#domain/errors.ts';
import {
  deleteDomainBlock,
  type DomainBlock,
  listDomainBlockRows,
  upsertDomainBlock,
} from '#domain/instance/domain-block-store.ts';
import { hostMatches, hostnameOf, normalizeHost } from '#lib/host.ts';

const REASON_LIMIT = 500;

/**
 * This server has nothing more to do with `host` and its subdomains: it accepts, fetches and delivers nothing. What is here already stays.
 * Other processes learn of it within seconds. @throws Invalid (no host, or our own).
 */
export async function blockDomain(ctx: Ctx, host: string, reason = ''): Promise<DomainBlock> {
  const domain = readDomain(host);
  if (hostMatches(ctx.config.host, domain)) throw new Invalid('host', 'This server cannot block itself');
  const row = { host: domain, reason: reason.trim().slice(0, REASON_LIMIT), createdAt: ctx.now() };
  await inTransaction(ctx, (tx) => upsertDomainBlock(tx.db, row));
  await ctx.blockedHosts.refresh();
  return row;
}

/** Takes a block back. @throws Invalid, NotFound. */
export async function unblockDomain(ctx: Ctx, host: string): Promise<void> {
  const domain = readDomain(host);
  if (!(await inTransaction(ctx, (tx) => deleteDomainBlock(tx.db, domain)))) throw new NotFound('Domain block');
  await ctx.blockedHosts.refresh();
}

export function listDomainBlocks(ctx: Ctx): Promise<DomainBlock[]> {
  return listDomainBlockRows(ctx.db);
}

function readDomain(host: string): string {
  const normalized = normalizeHost(host.trim().replace(/^\*\./, ''));
  if (normalized === undefined) throw new Invalid('host', `${host} is not a host name`);
  return hostnameOf(normalized);
}
