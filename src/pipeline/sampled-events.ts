import type { OffsetRange } from '../model.js';
import { offsetsIn } from './sample-blocks.js';

export interface SampledEvents {
  /** One per sampled event, in the order of the log: how many events of the whole range stand before it, about. */
  readonly ranks: Float64Array;
  /** How many events there are in the whole range, about. */
  readonly events: number;
}

/**
 * What a sample of blocks says of the range that it was drawn from: between two blocks there is an event at as many of
 * the offsets as in the mean of both, because compaction and transactions leave holes. Where the blocks are the whole
 * range nothing is guessed.
 * @param offsets of the sampled events, rising, each in one of the blocks
 * @param blocks in rising order and apart, in the range, at least one
 */
export function sampledEvents(
  offsets: ArrayLike<number>,
  blocks: readonly OffsetRange[],
  range: OffsetRange,
): SampledEvents {
  const ranks = new Float64Array(offsets.length);
  let [row, rank] = [0, 0];
  let before: { readonly to: number; readonly density: number } | null = null;
  for (const block of blocks) {
    const first = row;
    while (row < offsets.length && (offsets[row] as number) < block.to) row++;
    const density = (row - first) / offsetsIn([block]);
    const { to, density: densityBefore } = before ?? { to: range.from, density };
    rank += (block.from - to) * ((density + densityBefore) / 2);
    for (let index = first; index < row; index++) ranks[index] = rank + (index - first);
    rank += row - first;
    before = { to: block.to, density };
  }
  const { to, density } = before ?? { to: range.to, density: 0 };
  return { ranks, events: rank + (range.to - to) * density };
}
