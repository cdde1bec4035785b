/**
 * What bounds the memory of a worker between fetch and commit. The fetch has bounds of its own
 * (kafka/partition-source.ts); docs/ARCHITECTURE.md adds them up.
 */

/** Output of one partition that waits for its commit; as much again is on its way in the commit before. */
const PARTITION_PENDING_BYTES_MAX = 8_388_608;
/** The same for all partitions of a worker together: with more than four of them each gets less. */
const WORKER_PENDING_BYTES_MAX = 33_554_432;

/** @param partitions that the worker owns */
export function pendingBytesMax(partitions: number): number {
  return Math.min(PARTITION_PENDING_BYTES_MAX, Math.ceil(WORKER_PENDING_BYTES_MAX / Math.max(1, partitions)));
}

/** Events that are scored in one go. */
const SLICE_RECORDS_MAX = 4096;
/** Features of all events of a slice: an anomaly names each of its own, so that this bounds the output of a slice. */
const SLICE_FEATURES_MAX = 65_536;

/**
 * @param features of one event
 * @param commitRecordsMax events that one commit holds
 */
export function sliceRecordsMax(features: number, commitRecordsMax: number): number {
  const wide = Math.max(1, Math.floor(SLICE_FEATURES_MAX / Math.max(1, features)));
  return Math.min(SLICE_RECORDS_MAX, wide, commitRecordsMax);
}
