import type { ForestArrays } from './forest-arrays.js';
import type { PathLengthKernel } from './path-length-kernel.js';

/** The kernel without WebAssembly, and what the other is held against. */
export function referenceKernel(forest: ForestArrays, width: number): PathLengthKernel {
  return {
    name: 'typed-arrays',
    sum: (values, rows, sums) => sumPathLengths(forest, values, rows, width, sums),
  };
}

/**
 * Hot path: tree by tree over the batch, so that one tree stays in the nearest cache; four rows in lockstep, so that their loads overlap; no branch, because a leaf points at itself
 * (`left + (x >= threshold)`) and the walk has the tree's depth for all rows.
 */
function sumPathLengths(
  forest: ForestArrays,
  values: Float64Array,
  rows: number,
  width: number,
  sums: Float64Array,
): void {
  const { feature, threshold, left, path, root, depth } = forest;
  sums.fill(0, 0, rows);
  const together = rows - (rows % 4);
  for (let tree = 0; tree < root.length; tree++) {
    const start = root[tree] as number;
    const levels = depth[tree] as number;
    for (let row = 0; row < together; row += 4) {
      const base0 = row * width;
      const base1 = base0 + width;
      const base2 = base1 + width;
      const base3 = base2 + width;
      let n0 = start;
      let n1 = start;
      let n2 = start;
      let n3 = start;
      for (let level = 0; level < levels; level++) {
        n0 =
          (left[n0] as number) +
          +((values[base0 + (feature[n0] as number)] as number) >= (threshold[n0] as number));
        n1 =
          (left[n1] as number) +
          +((values[base1 + (feature[n1] as number)] as number) >= (threshold[n1] as number));
        n2 =
          (left[n2] as number) +
          +((values[base2 + (feature[n2] as number)] as number) >= (threshold[n2] as number));
        n3 =
          (left[n3] as number) +
          +((values[base3 + (feature[n3] as number)] as number) >= (threshold[n3] as number));
      }
      sums[row] = (sums[row] as number) + (path[n0] as number);
      sums[row + 1] = (sums[row + 1] as number) + (path[n1] as number);
      sums[row + 2] = (sums[row + 2] as number) + (path[n2] as number);
      sums[row + 3] = (sums[row + 3] as number) + (path[n3] as number);
    }
    for (let row = together; row < rows; row++) {
      const base = row * width;
      let n = start;
      for (let level = 0; level < levels; level++) {
        n =
          (left[n] as number) +
          +((values[base + (feature[n] as number)] as number) >= (threshold[n] as number));
      }
      sums[row] = (sums[row] as number) + (path[n] as number);
    }
  }
}
