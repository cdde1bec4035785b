import { VerdictEntries, compareEntries } from './verdict-entries.js';

/** Sorted entries, some at a time. */
export interface EntrySource {
  /** The entries at hand; other ones after each `refill`. */
  readonly entries: VerdictEntries;
  /** @returns false where there are no more */
  refill(): Promise<boolean>;
}

/** Entries that are handed on together. */
export const BLOCK_ENTRIES = 4096;

interface Head {
  readonly source: EntrySource;
  at: number;
}

/**
 * Sorted sources as one.
 * @returns blocks of entries in their order; a block is used again for the next one
 */
export async function* mergeEntries(
  sources: readonly EntrySource[],
  blockEntries = BLOCK_ENTRIES,
): AsyncGenerator<VerdictEntries> {
  const heap: Head[] = [];
  for (const source of sources) if (await source.refill()) heap.push({ source, at: 0 });
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) siftDown(heap, i);
  const block = new VerdictEntries(blockEntries);
  for (;;) {
    const head = heap[0];
    if (head === undefined) break;
    block.copyFrom(head.source.entries, head.at++);
    if (head.at === head.source.entries.count) {
      if (await head.source.refill()) head.at = 0;
      else if (!dropFirst(heap)) break;
    }
    siftDown(heap, 0);
    if (block.isFull) {
      yield block;
      block.count = 0;
    }
  }
  if (block.count > 0) yield block;
}

/** @returns false where it was the only one */
function dropFirst(heap: Head[]): boolean {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return false;
  heap[0] = last;
  return true;
}

/** Restores a binary heap, the least entry first, below a place. */
function siftDown(heap: Head[], from: number): void {
  const moved = heap[from];
  if (moved === undefined) return;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    let least = heap[child];
    if (least === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && compareHeads(right, least) < 0) {
      least = right;
      child++;
    }
    if (compareHeads(least, moved) >= 0) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = moved;
}

function compareHeads(a: Head, b: Head): number {
  return compareEntries(a.source.entries, a.at, b.source.entries, b.at);
}
