/**
 * Strict base64 (RFC 4648 section 4: padded, canonical trailing bits, no white space), or undefined. `Buffer.from` alone skips whatever it
 * does not understand, so that many texts would stand for the same bytes.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
