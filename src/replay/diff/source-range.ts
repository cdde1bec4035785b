import type { OffsetRange } from '../request/partition-ranges.js';

/** Which events of a topic are meant, by partition and offset. */
export interface SourceRange {
  readonly partitions: ReadonlyMap<number, OffsetRange>;
  /** Of all other partitions; null where nothing of them is meant. */
  readonly rest: OffsetRange | null;
}

const ALL: OffsetRange = { from: null, to: null };

export const EVERYTHING: SourceRange = { partitions: new Map(), rest: ALL };

/** @returns null where nothing of the partition is meant */
export function rangeOf({ partitions, rest }: SourceRange, partition: number): OffsetRange | null {
  return partitions.get(partition) ?? rest;
}

export function covers(range: SourceRange, partition: number, offset: number): boolean {
  const of = rangeOf(range, partition);
  return of !== null && offset >= (of.from ?? 0) && offset < (of.to ?? Infinity);
}

/** What is meant by both. */
export function intersection(a: SourceRange, b: SourceRange): SourceRange {
  const rest = overlap(a.rest, b.rest);
  const partitions = new Map<number, OffsetRange>();
  for (const partition of new Set([...a.partitions.keys(), ...b.partitions.keys()])) {
    const both = overlap(rangeOf(a, partition), rangeOf(b, partition));
    // Null only where the rest is: what is not listed is not meant then.
    if (both !== null) partitions.set(partition, both);
  }
  return { partitions, rest };
}

function overlap(a: OffsetRange | null, b: OffsetRange | null): OffsetRange | null {
  if (a === null || b === null) return null;
  const from = a.from === null && b.from === null ? null : Math.max(a.from ?? 0, b.from ?? 0);
  const to = a.to === null && b.to === null ? null : Math.min(a.to ?? Infinity, b.to ?? Infinity);
  return { from, to: from !== null && to !== null ? Math.max(from, to) : to };
}
