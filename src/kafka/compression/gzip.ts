import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip as deflate } from 'node:zlib';
import { tooLarge } from './batch-fault.js';
import type { Codec } from './codec.js';

const compress = promisify<Buffer, Buffer>(deflate);
const decompress = promisify(gunzip) as (
  bytes: Buffer,
  options: { readonly maxOutputLength: number },
) => Promise<Buffer>;

/** Below this the way to the thread pool and back costs more than the work. */
const SYNC_BYTES_MAX = 16_384;

/** RFC 1952, by Node. */
export const gzip: Codec = {
  compress,
  async decompress(bytes, bytesMax) {
    const options = { maxOutputLength: bytesMax };
    try {
      return bytes.length <= SYNC_BYTES_MAX ? gunzipSync(bytes, options) : await decompress(bytes, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
      throw error;
    }
  },
};
