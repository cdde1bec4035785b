import type { Matrix } from './detector.js';

/** What the training rows hold of a feature. */
export interface FeatureSummary {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** All rows have the same value: nothing can be learnt from it. */
  readonly constant: boolean;
}

/** @param data at least one row, all finite */
export function summariseFeatures(
  { values, rows, width }: Matrix,
  names: readonly string[],
): FeatureSummary[] {
  const column = new Float64Array(rows);
  return names.map((name, i) => {
    // Each value is divided before it is added: a sum of large ones would be infinite.
    let mean = 0;
    for (let row = 0; row < rows; row++) {
      column[row] = values[row * width + i] as number;
      mean += (column[row] as number) / rows;
    }
    column.sort();
    const [min, max] = [column[0] as number, column[rows - 1] as number];
    const middle = rows >> 1;
    const median =
      rows % 2 === 1
        ? (column[middle] as number)
        : (column[middle - 1] as number) / 2 + (column[middle] as number) / 2;
    const constant = min === max;
    // Rounding may leave the mean of equal numbers beside them.
    return { name, min, max, mean: constant ? min : mean, median: constant ? min : median, constant };
  });
}
