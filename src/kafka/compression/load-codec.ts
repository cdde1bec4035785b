import { messageOf } from '../../errors.js';
import { BatchFault } from './batch-fault.js';
import type { Codec } from './codec.js';
import type { Compression } from './compression.js';

export type CodecName = Exclude<Compression, 'none'>;

/** Each is loaded by the first batch that needs it: who does not use it pays nothing, and needs no binary of it. */
const loaders: Readonly<Record<CodecName, () => Promise<Codec>>> = {
  gzip: async () => (await import('./gzip.js')).gzip,
  snappy: async () => (await import('./snappy.js')).snappy,
  lz4: async () => (await import('./lz4.js')).lz4,
  zstd: async () => await (await import('./zstd.js')).loadZstd(),
};

const loaded = new Map<CodecName, Promise<Codec>>();

/** @throws Error where the codec has no binary for this platform */
export async function loadCodec(name: CodecName): Promise<Codec> {
  let codec = loaded.get(name);
  if (codec === undefined) {
    codec = loaders[name]();
    loaded.set(name, codec);
  }
  return codec;
}

/**
 * @param bytesMax the most that may come out
 * @throws BatchFault
 */
export async function decompress(name: CodecName, bytes: Buffer, bytesMax: number): Promise<Buffer> {
  try {
    return await (await loadCodec(name)).decompress(bytes, bytesMax);
  } catch (error) {
    if (error instanceof BatchFault) throw error;
    throw new BatchFault(`its ${name} data cannot be decompressed: ${messageOf(error)}`, { cause: error });
  }
}
