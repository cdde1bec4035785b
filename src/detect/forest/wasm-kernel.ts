import { readFileSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import type { ForestArrays } from './forest-arrays.js';
import type { PathLengthKernel } from './path-length-kernel.js';

/** The WebAssembly kernel cannot be had: WebAssembly is switched off, has no memory left, or the forest is too large. */
export class KernelUnavailable extends Error {}

/** Most memory that a forest's kernel takes: about 44 million nodes. */
export const KERNEL_BYTES_MAX = 1024 * 1024 * 1024;

/** Rows are scored in stretches of this many bytes, which stay in the nearest cache beside a tree. */
const STRETCH_BYTES = 32 * 1024;

/** From so many rows on, a block of eight that is not full is faster than its rows one by one. */
const BLOCK_ROWS_MIN = 4;

const NODE_BYTES = 16;
const PATH_BYTES = 8;
const TREE_BYTES = 8;
const PAGE_BYTES = 65_536;
/** Rows of a block. */
const LANES = 8;

/** See forest-kernel.as.ts. */
interface KernelExports {
  sumBlocks(
    trees: number,
    treesEnd: number,
    paths: number,
    blocks: number,
    blocksEnd: number,
    blockBytes: number,
    sums: number,
  ): void;
  sumRow(trees: number, treesEnd: number, paths: number, row: number): number;
}

/**
 * Copies a forest into a WebAssembly memory of its own, whose size is fixed: nodes, their path lengths, the trees, the
 * sums and the rows of one stretch.
 * @throws KernelUnavailable
 */
export function wasmKernel(forest: ForestArrays, width: number): PathLengthKernel {
  const nodes = forest.feature.length;
  const blockBytes = width * LANES * 8;
  const stretchBlocks = Math.max(1, Math.floor(STRETCH_BYTES / blockBytes));
  const paths = nodes * NODE_BYTES;
  const trees = paths + nodes * PATH_BYTES;
  const treesEnd = trees + forest.root.length * TREE_BYTES;
  const sums = aligned(treesEnd);
  const blocks = sums + stretchBlocks * LANES * 8;
  const memory = memoryOf(blocks + stretchBlocks * blockBytes);
  const exports = instantiate(memory);
  const doubles = new Float64Array(memory.buffer);
  copyForest(forest, memory.buffer, paths, trees);

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
      exports.sumBlocks(trees, treesEnd, paths, blocks, blocks + together * blockBytes, blockBytes, sums);
      for (let row = 0; row < summed; row++) out[from + row] = doubles[sumsAt + row] as number;
    }
    for (let row = together * LANES; row < rows; row++)
      out[from + row] = exports.sumRow(
        trees,
        treesEnd,
        paths,
        blocks + full * blockBytes + (row % LANES) * 8,
      );
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

function copyForest(forest: ForestArrays, memory: ArrayBuffer, paths: number, trees: number): void {
  const { feature, threshold, left, path, root, depth } = forest;
  const doubles = new Float64Array(memory);
  const words = new Uint32Array(memory);
  for (let node = 0; node < feature.length; node++) {
    const to = (node * NODE_BYTES) / 4;
    doubles[to / 2] = left[node] === node ? NaN : (threshold[node] as number);
    words[to + 2] = (feature[node] as number) * LANES * 8;
    words[to + 3] = (left[node] as number) * NODE_BYTES;
  }
  doubles.set(path, paths / 8);
  for (let tree = 0; tree < root.length; tree++) {
    words[trees / 4 + tree * 2] = (root[tree] as number) * NODE_BYTES;
    words[trees / 4 + tree * 2 + 1] = depth[tree] as number;
  }
}

function memoryOf(bytes: number): WebAssembly.Memory {
  if (typeof WebAssembly === 'undefined') throw new KernelUnavailable('WebAssembly is switched off');
  if (bytes > KERNEL_BYTES_MAX)
    throw new KernelUnavailable(`the forest needs ${bytes} bytes, ${KERNEL_BYTES_MAX} is the most`);
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new KernelUnavailable(`no WebAssembly memory of ${bytes} bytes: ${messageOf(cause)}`, { cause });
  }
}

let compiled: WebAssembly.Module | null = null;

function instantiate(memory: WebAssembly.Memory): KernelExports {
  const code = compiled === null ? readFileSync(new URL('./forest-kernel.wasm', import.meta.url)) : null;
  try {
    if (code !== null) compiled = new WebAssembly.Module(code);
    return new WebAssembly.Instance(compiled as WebAssembly.Module, { env: { memory } })
      .exports as KernelExports;
  } catch (cause) {
    throw new KernelUnavailable(`the kernel cannot be instantiated: ${messageOf(cause)}`, { cause });
  }
}

/** To a cache line, so that a block of eight doubles is one. */
function aligned(address: number): number {
  return Math.ceil(address / 64) * 64;
}
