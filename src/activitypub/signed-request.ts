import type { IncomingMessage } from 'node:http';
import { parseSignedHead, type SignedHead } from '#activitypub/signature.ts';
import type { Refusal } from '#activitypub/signature/message.ts';
import type { Ctx } from '#context.ts';

/** Reads who claims to have signed a request to this server, from its head alone. */
export function readSignedHead(ctx: Ctx, request: IncomingMessage): SignedHead | Refusal {
  const { method = '', url: target = '', rawHeaders, headers } = request;
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  const { host, scheme } = ctx.config;
  return parseSignedHead({ method, target, rawHeaders, hasBody }, { hosts: new Set([host]), scheme, now: ctx.now() });
}
