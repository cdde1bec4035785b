import { fastestOf } from './fastest-kernel.js';
import type { ForestArrays } from './forest-arrays.js';
import type { PathLengthKernel } from './path-length-kernel.js';
import { scalarProduct } from './scalar-product.js';
import { STRETCH_BYTES, aligned, copyForest, forestLayout, kernelIn, memoryOf } from './wasm-memory.js';

/** `feature` of a node is the number of its hyperplane in `normal`, which is row-major, planes × width. */
export interface ExtendedForestArrays extends ForestArrays {
  readonly normal: Float64Array;
}

/** As fastestKernel, for an extended forest. */
export function fastestExtendedKernel(forest: ExtendedForestArrays, width: number): PathLengthKernel {
  return fastestOf(
    () => extendedWasmKernel(forest, width),
    () => extendedReferenceKernel(forest, width),
  );
}

/** The kernel without WebAssembly, and what the other is held against. */
export function extendedReferenceKernel(forest: ExtendedForestArrays, width: number): PathLengthKernel {
  const { left, path, root } = forest;
  return {
    name: 'typed-arrays',
    sum(values, rows, sums) {
      sums.fill(0, 0, rows);
      // Tree by tree over the batch, so that one tree stays in the nearest cache.
      for (const start of root) {
        for (let row = 0; row < rows; row++) {
          let node = start;
          while (left[node] !== node) node = childOf(forest, node, values, row * width, width);
          sums[row] = (sums[row] as number) + (path[node] as number);
        }
      }
    },
  };
}

/** @returns the child of a split on whose side of the hyperplane the row is that starts at `base` */
export function childOf(
  { feature, normal, left, threshold }: ExtendedForestArrays,
  node: number,
  values: Float64Array,
  base: number,
  width: number,
): number {
  const product = scalarProduct(normal, (feature[node] as number) * width, values, base, width);
  return (left[node] as number) + (product < (threshold[node] as number) ? 0 : 1);
}

/** @throws KernelUnavailable */
export function extendedWasmKernel(forest: ExtendedForestArrays, width: number): PathLengthKernel {
  const rowBytes = width * 8;
  const stretchRows = Math.max(1, Math.floor(STRETCH_BYTES / rowBytes));
  const { paths, trees, treesEnd } = forestLayout(forest);
  const normals = aligned(treesEnd);
  const sums = aligned(normals + forest.normal.byteLength);
  const block = aligned(sums + stretchRows * 8);
  const memory = memoryOf(block + stretchRows * rowBytes);
  const { sumPlanes } = kernelIn(memory);
  const doubles = new Float64Array(memory.buffer);
  copyForest(forest, memory.buffer, (plane) => normals + plane * rowBytes);
  doubles.set(forest.normal, normals / 8);

  return {
    name: 'wasm',
    sum(values, rows, out) {
      for (let from = 0; from < rows; from += stretchRows) {
        const count = Math.min(stretchRows, rows - from);
        doubles.set(values.subarray(from * width, (from + count) * width), block / 8);
        doubles.fill(0, sums / 8, sums / 8 + count);
        sumPlanes(trees, treesEnd, paths, block, block + count * rowBytes, rowBytes, sums);
        out.set(doubles.subarray(sums / 8, sums / 8 + count), from);
      }
    },
  };
}
