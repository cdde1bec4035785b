import type { ForestArrays } from './forest-arrays.js';
import type { PathLengthKernel } from './path-length-kernel.js';
import { STRETCH_BYTES, aligned, copyForest, forestLayout, kernelIn, memoryOf } from './wasm-memory.js';

/** From so many rows on, a block of eight that is not full is faster than its rows one by one. */
const BLOCK_ROWS_MIN = 4;

/** Rows of a block. */
const LANES = 8;

/**
 * Copies a forest into a WebAssembly memory of its own, whose size is fixed: nodes, their path lengths, the trees, the
 * sums and the rows of one stretch.
 * @throws KernelUnavailable
 */
export function wasmKernel(forest: ForestArrays, width: number): PathLengthKernel {
  const blockBytes = width * LANES * 8;
  const stretchBlocks = Math.max(1, Math.floor(STRETCH_BYTES / blockBytes));
  const { paths, trees, treesEnd } = forestLayout(forest);
  const sums = aligned(treesEnd);
  const blocks = sums + stretchBlocks * LANES * 8;
  const memory = memoryOf(blocks + stretchBlocks * blockBytes);
  const { sumBlocks, sumRow } = kernelIn(memory);
  const doubles = new Float64Array(memory.buffer);
  copyForest(forest, memory.buffer, (feature) => feature * LANES * 8);

  const stretchRows = stretchBlocks * LANES;
  const sumsAt = sums / 8;
  const blocksAt = blocks / 8;

  return {
    name: 'wasm',
    sum(values, rows, out) {
      for (let from = 0; from < rows; from += stretchRows)
        sumStretch(values, from, Math.min(stretchRows, rows - from), out);
    },
  };

  function sumStretch(values: Float64Array, from: number, rows: number, out: Float64Array): void {
    const left = rows % LANES;
    const full = (rows - left) / LANES;
    for (let block = 0; block < full; block++) copyBlock(values, from + block * LANES, block);
    for (let lane = 0; lane < left; lane++) copyRow(values, from + full * LANES + lane, full, lane);
    // What stands in the lanes without a row is scored too, and not read.
    const together = left >= BLOCK_ROWS_MIN ? full + 1 : full;
    if (together > 0) {
      const summed = Math.min(together * LANES, rows);
      doubles.fill(0, sumsAt, sumsAt + together * LANES);
      sumBlocks(trees, treesEnd, paths, blocks, blocks + together * blockBytes, blockBytes, sums);
      for (let row = 0; row < summed; row++) out[from + row] = doubles[sumsAt + row] as number;
    }
    for (let row = together * LANES; row < rows; row++)
      out[from + row] = sumRow(trees, treesEnd, paths, blocks + full * blockBytes + (row % LANES) * 8);
  }

  /** Eight rows side by side: one base address and fixed offsets for all of them. */
  function copyBlock(values: Float64Array, row: number, block: number): void {
    let to = blocksAt + block * LANES * width;
    const row0 = row * width;
    const row1 = row0 + width;
    const row2 = row1 + width;
    const row3 = row2 + width;
    const row4 = row3 + width;
    const row5 = row4 + width;
    const row6 = row5 + width;
    const row7 = row6 + width;
    for (let feature = 0; feature < width; feature++) {
      doubles[to] = values[row0 + feature] as number;
      doubles[to + 1] = values[row1 + feature] as number;
      doubles[to + 2] = values[row2 + feature] as number;
      doubles[to + 3] = values[row3 + feature] as number;
      doubles[to + 4] = values[row4 + feature] as number;
      doubles[to + 5] = values[row5 + feature] as number;
      doubles[to + 6] = values[row6 + feature] as number;
      doubles[to + 7] = values[row7 + feature] as number;
      to += LANES;
    }
  }

  function copyRow(values: Float64Array, row: number, block: number, lane: number): void {
    let to = blocksAt + block * LANES * width + lane;
    for (let at = row * width; at < (row + 1) * width; at++) {
      doubles[to] = values[at] as number;
      to += LANES;
    }
  }
}
