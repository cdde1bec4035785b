import { InvalidArgumentError } from 'commander';
import {
  type OffsetRange,
  parsePartitionList,
  parsePartitionRanges,
} from '../replay/request/partition-ranges.js';

/** Reads `--partitions`; see parsePartitionList. */
export function partitionListOption(text: string): ReadonlySet<number> {
  return valueOf(parsePartitionList(text));
}

/** Reads `--offsets`; see parsePartitionRanges. */
export function partitionRangesOption(text: string): ReadonlyMap<number, OffsetRange> {
  return valueOf(parsePartitionRanges(text));
}

function valueOf<T extends object>(parsed: T | string): T {
  if (typeof parsed === 'string') throw new InvalidArgumentError(parsed);
  return parsed;
}
