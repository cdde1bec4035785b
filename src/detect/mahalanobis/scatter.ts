import type { Matrix } from '../detector.js';
import { solveLower } from './cholesky.js';

/** Location, and covariance (row-major, full). */
export interface Scatter {
  readonly location: Float64Array;
  readonly covariance: Float64Array;
}

/** Mean and covariance (divided by their number) of some of the rows. */
export function scatterOf({ values, width }: Matrix, subset: Int32Array): Scatter {
  const location = new Float64Array(width);
  for (const row of subset)
    for (let i = 0, at = row * width; i < width; i++, at++)
      location[i] = (location[i] as number) + (values[at] as number);
  for (let i = 0; i < width; i++) location[i] = (location[i] as number) / subset.length;
  const covariance = new Float64Array(width * width);
  const centred = new Float64Array(width);
  for (const row of subset) {
    for (let i = 0, at = row * width; i < width; i++, at++)
      centred[i] = (values[at] as number) - (location[i] as number);
    for (let i = 0; i < width; i++) {
      const x = centred[i] as number;
      const line = i * width;
      for (let j = 0; j <= i; j++)
        covariance[line + j] = (covariance[line + j] as number) + x * (centred[j] as number);
    }
  }
  for (let i = 0; i < width; i++)
    for (let j = 0; j <= i; j++)
      covariance[j * width + i] = covariance[i * width + j] =
        (covariance[i * width + j] as number) / subset.length;
  return { location, covariance };
}

/** Squared Mahalanobis distances of all rows. @param factor of the covariance, see cholesky.ts */
export function squaredDistances(
  { values, rows, width }: Matrix,
  location: Float64Array,
  factor: Float64Array,
  out: Float64Array,
): void {
  const centred = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0, at = row * width; i < width; i++, at++)
      centred[i] = (values[at] as number) - (location[i] as number);
    out[row] = solveLower(factor, width, centred);
  }
}

/** The `count` rows of the smallest distances, in their order; of ties the first. */
export function nearestRows(distances: Float64Array, count: number): Int32Array {
  const limit = distances.slice().sort()[count - 1] as number;
  let ties = count;
  for (const distance of distances) if (distance < limit) ties--;
  const nearest = new Int32Array(count);
  let at = 0;
  for (let row = 0; row < distances.length; row++) {
    const distance = distances[row] as number;
    if (distance < limit || (distance === limit && ties-- > 0)) nearest[at++] = row;
  }
  return nearest;
}
