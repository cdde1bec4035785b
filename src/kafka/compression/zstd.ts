import { messageOf } from '../../errors.js';
import { BatchFault, tooLarge } from './batch-fault.js';
import type { Codec } from './codec.js';
import { measureZstd } from './zstd-frames.js';

const LEVEL = 3;

/**
 * Zstandard, in WebAssembly: what it is given to write into is the limit, and it has no window beside it. Its memory
 * grows to the largest batch that came, and stays.
 */
export async function loadZstd(): Promise<Codec> {
  const { default: zstd } = await import('@foxglove/wasm-zstd');
  await zstd.isLoaded;
  return {
    compress: (plain) => zstd.compress(plain, LEVEL),
    decompress(bytes, bytesMax) {
      const { declaredBytes, contentBytesMax } = measureZstd(bytes);
      if (declaredBytes !== null && declaredBytes > bytesMax) throw tooLarge(bytesMax);
      const isBounded = contentBytesMax <= bytesMax;
      try {
        return zstd.decompress(bytes, isBounded ? contentBytesMax : bytesMax);
      } catch (error) {
        // It says no more than that it did not come to the end.
        if (!isBounded)
          throw new BatchFault(
            `its zstd data are corrupt, or take more than input.maxBatchBytes (${bytesMax}) allows`,
            { cause: error },
          );
        throw new BatchFault(`its zstd data are corrupt (${messageOf(error)})`, { cause: error });
      }
    },
  };
}
