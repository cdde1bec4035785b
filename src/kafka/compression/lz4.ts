import { tooLarge } from './batch-fault.js';
import type { Codec } from './codec.js';
import { measureLz4Frame } from './lz4-frame.js';

/** The LZ4 frame format. The library grows its output as it goes, so what a frame gives is measured before. */
export async function loadLz4(): Promise<Codec> {
  const library = await import('lz4-napi');
  return {
    compress: (plain) => library.compressFrameSync(plain),
    decompress(bytes, bytesMax) {
      const { frameBytes, contentBytesMax } = measureLz4Frame(bytes, bytesMax);
      if (contentBytesMax > bytesMax) throw tooLarge(bytesMax);
      // Behind its frame Java's client reads nothing either.
      return library.decompressFrameSync(bytes.subarray(0, frameBytes));
    },
  };
}
