import { seededRandom } from '../detect/random.js';
import type { OffsetRange } from '../model.js';

/**
 * Offsets of a block, about. A block costs at least one fetch, which brings whole record batches and up to
 * SAMPLE_FETCH_BYTES: of events of 100 bytes some 650. Shorter blocks would read more in vain; of longer ones there
 * would be fewer, and neighbours are like each other: a sample of 10,000 has 40 places.
 */
export const BLOCK_OFFSETS = 250;
/** Bytes of a partition that are asked for at a time: what comes after a block is thrown away. */
export const SAMPLE_FETCH_BYTES = 65_536;

/**
 * Draws blocks of consecutive offsets from ranges. Each partition gives as many offsets as its share of all is, and its
 * range is cut into as many stretches as it has blocks, with one block at a random place in each: every part of the
 * range is represented, and blocks do not overlap. The same arguments draw the same blocks.
 * @param ranges by partition
 * @param sample offsets wanted in all; where there are no more than these, all are drawn
 * @param seed 32 bits, unsigned
 * @returns by partition in rising order, in rising order and apart from each other; partitions without one are left out
 */
export function sampleBlocks(
  ranges: ReadonlyMap<number, OffsetRange>,
  sample: number,
  seed: number,
): ReadonlyMap<number, readonly OffsetRange[]> {
  const random = seededRandom(seed);
  const shares = proportionalShares(ranges, sample);
  const blocks = new Map<number, readonly OffsetRange[]>();
  for (const [partition, offsets] of shares)
    if (offsets > 0) blocks.set(partition, blocksIn(ranges.get(partition) as OffsetRange, offsets, random));
  return blocks;
}

/** How many offsets there are in ranges. */
export function offsetsIn(ranges: Iterable<OffsetRange>): number {
  let sum = 0;
  for (const { from, to } of ranges) sum += Math.max(0, to - from);
  return sum;
}

/** Whole numbers that add up to the sample: what rounding down leaves over goes to the largest remainders. */
function proportionalShares(ranges: ReadonlyMap<number, OffsetRange>, sample: number): Map<number, number> {
  const sizes = [...ranges]
    .map(([partition, range]) => ({ partition, size: offsetsIn([range]) }))
    .sort((a, b) => a.partition - b.partition);
  const total = sizes.reduce((sum, { size }) => sum + size, 0);
  if (sample >= total) return new Map(sizes.map(({ partition, size }) => [partition, size]));
  const shares = new Map<number, number>();
  const remainders: { partition: number; remainder: number }[] = [];
  let left = sample;
  for (const { partition, size } of sizes) {
    const exact = (sample / total) * size;
    const share = Math.floor(exact);
    shares.set(partition, share);
    remainders.push({ partition, remainder: exact - share });
    left -= share;
  }
  remainders.sort((a, b) => b.remainder - a.remainder || a.partition - b.partition);
  for (const { partition } of remainders.slice(0, left))
    shares.set(partition, (shares.get(partition) ?? 0) + 1);
  return shares;
}

/** @param offsets from 1 to the size of the range */
function blocksIn({ from, to }: OffsetRange, offsets: number, random: () => number): readonly OffsetRange[] {
  const count = Math.ceil(offsets / BLOCK_OFFSETS);
  const spare = to - from - offsets;
  // A stretch is a block and its part of the spare offsets: it cannot be shorter than its block.
  const upTo = (whole: number, index: number): number => Math.floor((whole / count) * index);
  const blocks: { from: number; to: number }[] = [];
  for (let index = 0; index < count; index++) {
    const [read, left] = [upTo(offsets, index), upTo(spare, index)];
    const length = (index + 1 === count ? offsets : upTo(offsets, index + 1)) - read;
    const slack = (index + 1 === count ? spare : upTo(spare, index + 1)) - left;
    const start = from + read + left + Math.floor(random() * (slack + 1));
    const before = blocks.at(-1);
    if (before?.to === start) before.to += length;
    else blocks.push({ from: start, to: start + length });
  }
  return blocks;
}
