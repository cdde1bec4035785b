/** The default of input.maxBatchBytes. */
export const BATCH_BYTES_MAX_DEFAULT = 67_108_864;

/** What a record takes in memory beside its bytes, about. */
export const RECORD_OVERHEAD_BYTES = 256;

/** kafkajs takes fetched bytes apart without knowing who asked: the limit is the process's, which has one input. */
const limits = { batchBytesMax: BATCH_BYTES_MAX_DEFAULT };

/** @param bytes what the records of one compressed batch may take: their bytes and RECORD_OVERHEAD_BYTES for each */
export function allowBatchBytes(bytes: number): void {
  limits.batchBytesMax = bytes;
}

export function batchBytesMax(): number {
  return limits.batchBytesMax;
}
