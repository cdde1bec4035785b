import { isUtf8 } from 'node:buffer';

/** Text as it is; bytes that are not UTF-8 as `hex:…`. */
export function bytesAsText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString('utf8') : `hex:${buffer.toString('hex')}`;
}
