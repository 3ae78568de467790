import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Server } from 'node:net';
import { ExpectedError } from '#lib/expected-error.ts';

export interface Place {
  /** Address or name of this machine. */
  host: string;
  port: number;
}

/** Lets `server` listen. @throws ExpectedError whose cause is the system's */
export async function listen(server: Server, place: Place): Promise<void> {
  try {
    server.listen(place.port, place.host);
    await once(server, 'listening');
  } catch (error) {
    throw new ExpectedError(`Cannot listen on ${urlOf(place)}: ${explain(error as NodeJS.ErrnoException)}`, {
      cause: error,
    });
  }
}

/** A port of `host` that nobody uses at the moment. @throws ExpectedError */
export async function findFreePort(host: string): Promise<number> {
  const server = createServer();
  await listen(server, { host, port: 0 });
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function urlOf({ host, port }: Place): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function explain({ code, syscall, message }: NodeJS.ErrnoException): string {
  if (syscall === 'getaddrinfo') return `HOST is not an address, nor a name that this machine knows (${code})`;
  if (code === 'EADDRINUSE') return 'another program uses it. Choose another PORT';
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have that address. Choose another HOST';
  if (code === 'EACCES') return 'ports below 1024 need a privilege. Choose another PORT';
  return `${message}. Choose another HOST or PORT`;
}
