import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** OWASP's second choice of parameters: 19 MiB, so that a few sign-ins at once fit on a small machine. Stored with each hash. */
const parameters = { memory: 19_456, passes: 2, parallelism: 1 };
const TAG_LENGTH = 32;

/** argon2id in PHC format: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await argon2id(password, { nonce, ...parameters });
  const { memory, passes, parallelism } = parameters;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`;
}

/** Whether `password` has `hash`. Without a hash (nobody has that name) it takes as long and is false. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash ?? '');
  if (!match) {
    await argon2id(password, { nonce: Buffer.alloc(16), ...parameters });
    return false;
  }
  const [, memory, passes, parallelism, salt, tag] = match;
  const expected = Buffer.from(tag!, 'base64');
  const nonce = Buffer.from(salt!, 'base64');
  const actual = await argon2id(password, {
    nonce,
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
  });
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

async function argon2id(
  message: string,
  options: { nonce: Buffer; memory: number; passes: number; parallelism: number },
): Promise<Buffer> {
  // NFKC, so that the same password typed on another keyboard is the same bytes.
  return Buffer.from(
    await derive('argon2id', { message: message.normalize('NFKC'), tagLength: TAG_LENGTH, ...options }),
  );
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
