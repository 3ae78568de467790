import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to whoever asks for any: what nobody has now, nobody gets by chance before it is used. */
const RANGE = { from: 10_000, to: 30_000 };

let next = RANGE.from + Math.floor(Math.random() * (RANGE.to - RANGE.from));

/** A port of this machine that nobody listens on, another one each time. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = next;
    next = next + 1 < RANGE.to ? next + 1 : RANGE.from;
    if (await isFree(port)) return port;
  }
  throw new Error('This machine has no free port');
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port);
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
