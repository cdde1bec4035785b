import type { CommittedOffset, LogRange } from '../ports.js';

/** Where a group stands in a partition. */
export interface PartitionStanding {
  readonly partition: number;
  /** Null where the group has no offset. */
  readonly committed: number | null;
  readonly start: number;
  /** The last stable offset: what a reader of committed records can reach. */
  readonly end: number;
  readonly highWatermark: number;
  /** Offsets that are still to be read; null where the group has no offset. */
  readonly lag: number | null;
  /** What is odd about it. */
  readonly notes: readonly string[];
}

/** @param highWatermark read before `range`: an end that is still behind it is held by an open transaction */
export function partitionStanding(
  partition: number,
  committed: CommittedOffset | null,
  { low, high }: LogRange,
  highWatermark: number,
): PartitionStanding {
  const notes: string[] = [];
  if (committed === null) notes.push('no offset yet');
  else if (committed.offset < low)
    notes.push(
      `the committed offset is no longer in the log: offsets ${committed.offset} to ${low - 1} are gone`,
    );
  else if (committed.offset > high) notes.push('the log ends before the committed offset');
  if (highWatermark > high)
    notes.push(`an open transaction holds the end: offsets ${high} to ${highWatermark - 1} wait for it`);
  return {
    partition,
    committed: committed?.offset ?? null,
    start: low,
    end: high,
    highWatermark: Math.max(highWatermark, high),
    lag: committed === null ? null : Math.max(0, high - committed.offset),
    notes,
  };
}

/** Over the partitions that have one; null where none has. */
export function totalLag(partitions: readonly PartitionStanding[]): number | null {
  const known = partitions.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  return known.length === 0 ? null : known.reduce((sum, lag) => sum + lag, 0);
}
