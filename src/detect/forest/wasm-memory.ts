import { readFileSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import type { ForestArrays } from './forest-arrays.js';

/** The WebAssembly kernel cannot be had: WebAssembly is switched off, has no memory left, or the forest is too large. */
export class KernelUnavailable extends Error {}

/** Most memory that a forest's kernel takes: about 44 million nodes. */
export const KERNEL_BYTES_MAX = 1024 * 1024 * 1024;

/** Rows are scored in stretches of this many bytes, which stay in the nearest cache beside a tree. */
export const STRETCH_BYTES = 32 * 1024;

const NODE_BYTES = 16;
const PATH_BYTES = 8;
const TREE_BYTES = 8;
const PAGE_BYTES = 65_536;

/** See forest-kernel.as.ts. */
export interface KernelExports {
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
  sumPlanes(
    trees: number,
    treesEnd: number,
    paths: number,
    rows: number,
    rowsEnd: number,
    rowBytes: number,
    sums: number,
  ): void;
}

/** Where a forest's parts start in its memory; the nodes start at 0. */
export interface ForestLayout {
  readonly paths: number;
  readonly trees: number;
  readonly treesEnd: number;
}

export function forestLayout({ feature, root }: ForestArrays): ForestLayout {
  const paths = feature.length * NODE_BYTES;
  const trees = paths + feature.length * PATH_BYTES;
  return { paths, trees, treesEnd: trees + root.length * TREE_BYTES };
}

/** @param placeOf what a node has in the place of its feature */
export function copyForest(
  forest: ForestArrays,
  memory: ArrayBuffer,
  placeOf: (feature: number) => number,
): void {
  const { feature, threshold, left, path, root, depth } = forest;
  const { paths, trees } = forestLayout(forest);
  const doubles = new Float64Array(memory);
  const words = new Uint32Array(memory);
  for (let node = 0; node < feature.length; node++) {
    const to = (node * NODE_BYTES) / 4;
    doubles[to / 2] = left[node] === node ? NaN : (threshold[node] as number);
    words[to + 2] = placeOf(feature[node] as number);
    words[to + 3] = (left[node] as number) * NODE_BYTES;
  }
  doubles.set(path, paths / 8);
  for (let tree = 0; tree < root.length; tree++) {
    words[trees / 4 + tree * 2] = (root[tree] as number) * NODE_BYTES;
    words[trees / 4 + tree * 2 + 1] = depth[tree] as number;
  }
}

/**
 * A memory that never grows.
 * @throws KernelUnavailable
 */
export function memoryOf(bytes: number): WebAssembly.Memory {
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

/** @throws KernelUnavailable */
export function kernelIn(memory: WebAssembly.Memory): KernelExports {
  const code = compiled === null ? readFileSync(new URL('./forest-kernel.wasm', import.meta.url)) : null;
  try {
    if (code !== null) compiled = new WebAssembly.Module(code);
    return new WebAssembly.Instance(compiled as WebAssembly.Module, { env: { memory } })
      .exports as KernelExports;
  } catch (cause) {
    throw new KernelUnavailable(`the kernel cannot be instantiated: ${messageOf(cause)}`, { cause });
  }
}

/** @returns the address, or the next that starts a cache line: a block's eight values of a feature are one */
export function aligned(address: number): number {
  return Math.ceil(address / 64) * 64;
}
