import { messageOf } from '../../errors.js';
import { BatchFault } from './batch-fault.js';
import type { Codec } from './codec.js';
import type { Compression } from './compression.js';

export type CodecName = Exclude<Compression, 'none'>;

/**
 * Each is loaded by the first batch that needs it: who does not use it pays nothing, and needs no binary of it. Each
 * imports its library in a call: where it cannot be loaded, Node 20 ends the process if a module imports it statically.
 */
const loaders: Readonly<Record<CodecName, () => Promise<Codec>>> = {
  gzip: async () => (await import('./gzip.js')).gzip,
  snappy: async () => await (await import('./snappy.js')).loadSnappy(),
  lz4: async () => await (await import('./lz4.js')).loadLz4(),
  zstd: async () => await (await import('./zstd.js')).loadZstd(),
};

const loaded = new Map<CodecName, Promise<Codec>>();

/** @throws MissingCodec */
export async function loadCodec(name: CodecName): Promise<Codec> {
  let codec = loaded.get(name);
  if (codec === undefined) {
    codec = loaders[name]().catch((cause: unknown) => {
      throw new MissingCodec(name, cause);
    });
    loaded.set(name, codec);
  }
  return codec;
}

/** The codec cannot be loaded. Only its cause, which is for the log, says where it was looked for. */
export class MissingCodec extends Error {
  constructor(name: CodecName, cause: unknown) {
    super(`${name} has no binary for this platform`, { cause });
    this.name = 'MissingCodec';
  }
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
    if (error instanceof MissingCodec)
      throw new BatchFault(`it is compressed, and ${error.message}`, { cause: error.cause });
    throw new BatchFault(`its ${name} data cannot be decompressed: ${messageOf(error)}`, { cause: error });
  }
}
