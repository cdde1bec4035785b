import type { Matrix } from './detector.js';

/** A matrix of some rows of another, copied, in the order in which they are named. */
export function takeRows(
  { values, width }: Pick<Matrix, 'values' | 'width'>,
  rows: ArrayLike<number>,
): Matrix {
  const taken = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    taken.set(values.subarray(row * width, (row + 1) * width), i * width);
  }
  return { values: taken, rows: rows.length, width };
}
