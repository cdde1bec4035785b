/** Offsets of one partition: `from` is read, `to` is not any more; null where there is no limit on that side. */
export interface OffsetRange {
  readonly from: number | null;
  readonly to: number | null;
}

/** No topic has as many partitions; a list up to here is still a small one. */
const PARTITION_MAX = 999_999;

/**
 * `0:100-900,3:50-`: for each partition its offsets, PARTITION:FROM-TO, either end left out for no limit.
 * @returns a message that names the part at fault, where there is one
 */
export function parsePartitionRanges(text: string): ReadonlyMap<number, OffsetRange> | string {
  const ranges = new Map<number, OffsetRange>();
  for (const part of text.split(',')) {
    const [, partitionText, fromText, toText] = /^(\d{1,15}):(\d{0,15})-(\d{0,15})$/.exec(part) ?? [];
    if (partitionText === undefined)
      return `'${part}' is not PARTITION:FROM-TO, as in 0:100-900 or 3:50- for all from 50 on`;
    const partition = Number(partitionText);
    if (partition > PARTITION_MAX) return `'${part}': a partition is at most ${PARTITION_MAX}`;
    if (ranges.has(partition)) return `'${part}': partition ${partition} is named twice`;
    const from = offsetOf(fromText);
    const to = offsetOf(toText);
    if (from !== null && to !== null && from > to) return `'${part}': ${from} is after ${to}`;
    ranges.set(partition, { from, to });
  }
  return ranges;
}

/**
 * `0,2-5`: partitions, and ranges of them with both ends.
 * @returns a message that names the part at fault, where there is one
 */
export function parsePartitionList(text: string): ReadonlySet<number> | string {
  const partitions = new Set<number>();
  for (const part of text.split(',')) {
    const [, firstText, lastText] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part) ?? [];
    if (firstText === undefined) return `'${part}' is neither a partition nor FIRST-LAST, as in 0,2-5`;
    const first = Number(firstText);
    const last = lastText === undefined ? first : Number(lastText);
    if (Math.max(first, last) > PARTITION_MAX) return `'${part}': a partition is at most ${PARTITION_MAX}`;
    if (first > last) return `'${part}': ${first} is after ${last}`;
    for (let partition = first; partition <= last; partition++) {
      if (partitions.has(partition)) return `'${part}': partition ${partition} is named twice`;
      partitions.add(partition);
    }
  }
  return partitions;
}

function offsetOf(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text);
}
