/**
 * kafkajs brings gzip alone and asks for the others: they are put in their places here. A batch that compression would
 * not make smaller is written as it is, so that no batch is larger than its records were reckoned (record-size.ts).
 */
import { batchBytesMax } from '../compression/batch-limits.js';
import { type CodecName, decompress, loadCodec } from '../compression/load-codec.js';

/** By kafkajs's numbers, which are those of the protocol. */
const NAMES: Readonly<Record<number, CodecName>> = { 1: 'gzip', 2: 'snappy', 3: 'lz4', 4: 'zstd' };

interface KafkaJsCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

interface RecordBatchModule {
  RecordBatch(options: { readonly compression?: number }): Promise<unknown>;
}

/** @param load kafkajs's modules by path */
export function installCodecs(load: (path: string) => unknown): void {
  const { Codecs } = load('kafkajs/src/protocol/message/compression') as {
    Codecs: Record<number, () => KafkaJsCodec>;
  };
  for (const [type, name] of Object.entries(NAMES)) Codecs[Number(type)] = () => kafkaJsCodec(name);
}

/** What takes the place of `kafkajs/src/protocol/recordBatch/v0`. */
export function writingSmallest(module: RecordBatchModule): RecordBatchModule {
  return {
    ...module,
    RecordBatch: async (options) => {
      try {
        return await module.RecordBatch(options);
      } catch (error) {
        if (error !== NOT_SMALLER) throw error;
        return module.RecordBatch({ ...options, compression: 0 });
      }
    },
  };
}

const NOT_SMALLER = new Error('compressed it is not smaller');

function kafkaJsCodec(name: CodecName): KafkaJsCodec {
  return {
    compress: async ({ buffer }) => {
      const compressed = await (await loadCodec(name)).compress(buffer);
      if (compressed.length >= buffer.length) throw NOT_SMALLER;
      return compressed;
    },
    // Of message sets before Kafka 0.11 only; record batches are taken apart in record-sets.ts.
    decompress: (bytes) => decompress(name, bytes, batchBytesMax()),
  };
}
