import type { CompressionTypes as Type } from 'kafkajs';
import type { Compression } from './compression/compression.js';
import { CompressionTypes } from './kafkajs/repaired.js';

/** What kafkajs calls a compression. */
export const COMPRESSION_TYPE: Readonly<Record<Compression, Type>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};
