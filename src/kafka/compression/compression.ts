/** How the records of a batch are compressed; the place in the list is the number in a batch's attributes. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export type Compression = (typeof COMPRESSIONS)[number];
