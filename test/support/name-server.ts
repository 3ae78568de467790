import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface Question {
  name: string;
  family: 4 | 6;
}

/** Addresses; `none` for a name without any of the family, `no such name`, or nothing at all for silence. */
export type Answer = readonly string[] | 'none' | 'no such name' | undefined;

export interface NameServer {
  /** `address:port`. */
  readonly address: string;
  /** Every question so far. */
  readonly questions: Question[];
  close(): void;
}

/** A name server on this machine that answers as it is told to. */
export async function startNameServer(answer: (question: Question) => Answer): Promise<NameServer> {
  const socket = createSocket('udp4');
  const questions: Question[] = [];
  socket.on('message', (message, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = message[at]!; length > 0; length = message[at]!) {
      labels.push(message.subarray(at + 1, at + 1 + length).toString());
      at += length + 1;
    }
    const question: Question = {
      name: labels.join('.').toLowerCase(),
      family: message.readUInt16BE(at + 1) === 28 ? 6 : 4,
    };
    questions.push(question);
    const given = answer(question);
    if (given === undefined) return;
    const addresses = typeof given === 'string' ? [] : given;
    const header = Buffer.alloc(12);
    message.copy(header, 0, 0, 2);
    header.writeUInt16BE(given === 'no such name' ? 0x81_83 : 0x81_80, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) => recordOf(address, question.family));
    socket.send(Buffer.concat([header, message.subarray(12, at + 5), ...records]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, questions, close: () => void socket.close() };
}

/** A resource record for the name of the question. IPv6 addresses in full. */
function recordOf(address: string, family: 4 | 6): Buffer {
  const bytes =
    family === 4
      ? Buffer.from(address.split('.').map(Number))
      : Buffer.from(
          address
            .split(':')
            .map((group) => group.padStart(4, '0'))
            .join(''),
          'hex',
        );
  const head = Buffer.from([0xc0, 0x0c, 0, family === 4 ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, bytes.length]);
  return Buffer.concat([head, bytes]);
}
