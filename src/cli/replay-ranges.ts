import type { Printer } from './output.js';
import { grouped } from './output.js';

/** A table of what is read of each partition. */
export function printRanges(
  partitions: readonly {
    readonly partition: number;
    readonly start: number;
    readonly from: number;
    readonly to: number;
  }[],
  printer: Printer,
): void {
  const hasWarmUp = partitions.some(({ start, from }) => start < from);
  printer.table(
    ['partition', ...(hasWarmUp ? ['warm-up from'] : []), 'from', 'to', 'offsets'],
    partitions.map(({ partition, start, from, to }) => [
      partition,
      ...(hasWarmUp ? [start] : []),
      from,
      to,
      grouped(to - start),
    ]),
  );
}
