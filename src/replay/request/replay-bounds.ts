import { UsageError } from '../../errors.js';
import { type Bound, parseBound } from '../../kafka/offset-bounds.js';
import { type OffsetRange, parsePartitionList, parsePartitionRanges } from './partition-ranges.js';

/** What is to be replayed, as it is written on the command line. */
export interface WrittenBounds {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly offsets?: string | undefined;
  readonly partitions?: string | undefined;
}

/** What is to be replayed, before the log was asked. */
export type ReplayBounds = (
  | { readonly from: Bound; readonly to: Bound; readonly partitions: ReadonlySet<number> | null }
  | { readonly ranges: ReadonlyMap<number, OffsetRange> }
) & {
  /** As it was written; who asks for the same means the same, whatever time it has become. */
  readonly text: string;
};

/**
 * @param nowMs what durations ago are counted from
 * @returns null where nothing is written
 * @throws UsageError naming the flag
 */
export function parseReplayBounds(written: WrittenBounds, nowMs: number): ReplayBounds | null {
  const { from, to, offsets, partitions } = written;
  if (offsets !== undefined) {
    const other = Object.entries({ from, to, partitions }).find(([, value]) => value !== undefined)?.[0];
    if (other !== undefined)
      throw new UsageError(`--offsets names partitions and both ends of each: it goes without --${other}`);
    const ranges = parsePartitionRanges(offsets);
    if (typeof ranges === 'string') throw new UsageError(`--offsets: ${ranges}`);
    return { ranges, text: `offsets ${offsets}` };
  }
  if (from === undefined && to === undefined && partitions === undefined) return null;
  if (from === undefined)
    throw new UsageError('--from is missing: earliest, an offset, an ISO time, or a duration ago (2h)');
  const list = partitions === undefined ? null : parsePartitionList(partitions);
  if (typeof list === 'string') throw new UsageError(`--partitions: ${list}`);
  const bounds = { from: bound('--from', from, nowMs), to: bound('--to', to ?? 'latest', nowMs) };
  if (isReversed(bounds.from, bounds.to))
    throw new UsageError(`--from ${from} is after --to ${to ?? 'latest'}: nothing is between them`);
  const text = `from ${from} to ${to ?? 'latest'}${partitions === undefined ? '' : ` partitions ${partitions}`}`;
  return { ...bounds, partitions: list, text };
}

function bound(flag: string, text: string, nowMs: number): Bound {
  const parsed = parseBound(text, nowMs);
  if (parsed === null)
    throw new UsageError(
      `${flag} '${text}': earliest, latest, an offset, an ISO time, or a duration ago (2h) is wanted`,
    );
  return parsed;
}

/** Whatever the log holds. */
function isReversed(from: Bound, to: Bound): boolean {
  if (typeof from === 'string' || typeof to === 'string')
    return from === 'latest' ? to !== 'latest' : to === 'earliest' && from !== 'earliest';
  if ('offset' in from && 'offset' in to) return from.offset > to.offset;
  return 'timeMs' in from && 'timeMs' in to && from.timeMs > to.timeMs;
}
