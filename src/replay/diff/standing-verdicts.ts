import { VerdictEntries, comparePlaces, compareIds, compareWriting } from './verdict-entries.js';

/**
 * The verdict that stands for each source position: of each id the last record that was written, none where that one
 * takes it back; of several ids (several models) the one written last. Needs memory for two entries and a block.
 * @param sorted blocks by place, id and order of writing
 * @returns blocks of at most one verdict for a place; a block is used again for the next one
 */
export async function* standingVerdicts(
  sorted: AsyncIterable<VerdictEntries>,
): AsyncGenerator<VerdictEntries> {
  /** The last entry, and the verdict that stands for its place so far. */
  const last = new VerdictEntries(1);
  const best = new VerdictEntries(1);
  let block: VerdictEntries | null = null;
  const settleId = (): void => {
    if (last.isRetraction(0)) return;
    if (best.count === 0 || compareWriting(last, 0, best, 0) > 0) best.set(0, last, 0);
    best.count = 1;
  };
  const settlePlace = (to: VerdictEntries): void => {
    if (best.count === 1) to.copyFrom(best, 0);
    best.count = 0;
  };
  for await (const entries of sorted) {
    block ??= new VerdictEntries(entries.capacity);
    for (let i = 0; i < entries.count; i++) {
      if (last.count === 1) {
        const isOtherPlace = comparePlaces(last, 0, entries, i) !== 0;
        if (isOtherPlace || compareIds(last, 0, entries, i) !== 0) settleId();
        if (isOtherPlace) settlePlace(block);
        if (block.isFull) {
          yield block;
          block.count = 0;
        }
      }
      last.set(0, entries, i);
      last.count = 1;
    }
  }
  if (last.count === 0 || block === null) return;
  settleId();
  settlePlace(block);
  if (block.count > 0) yield block;
}
