import type { Matrix } from '../detector.js';
import { cholesky, logDeterminant } from './cholesky.js';
import { type Scatter, nearestRows, scatterOf, squaredDistances } from './scatter.js';

/** Least share of a variance that may be left when the other features are known. */
export const SINGULAR = 1e-10;
/** Most steps; it is "never" more than a few dozen. */
const STEPS_MAX = 200;

/** What some concentration steps came to. */
export interface Concentrated extends Scatter {
  /** The rows it was computed from, rising. */
  readonly subset: Int32Array;
  /** Of the covariance, or what stands for it. */
  readonly factor: Float64Array;
  readonly logDeterminant: number;
}

/** Makes the matrix that is inverted from the covariance of a subset; itself for the MCD. */
export type Regularise = (covariance: Float64Array) => Float64Array;

/** The scatter of a subset. @returns null where it is singular */
export function concentrated(
  data: Matrix,
  subset: Int32Array,
  regularise: Regularise = (covariance) => covariance,
): Concentrated | null {
  const { location, covariance } = scatterOf(data, subset);
  const matrix = regularise(covariance);
  const factor = cholesky(matrix, data.width, SINGULAR);
  if (factor === null) return null;
  return {
    location,
    covariance: matrix,
    subset,
    factor,
    logDeterminant: logDeterminant(factor, data.width),
  };
}

/**
 * C-steps (Rousseeuw, Van Driessen 1999, theorem 1): the rows that are nearest by the scatter of a subset have a scatter
 * of a determinant that is not larger.
 * @param steps how many at most; without it until the determinant falls no more
 * @returns null where a subset of `count` rows lies in a hyperplane
 */
export function concentrate(
  data: Matrix,
  start: Scatter & { readonly factor: Float64Array },
  count: number,
  steps = STEPS_MAX,
  regularise?: Regularise,
): Concentrated | null {
  const distances = new Float64Array(data.rows);
  let from = start;
  let best: Concentrated | null = null;
  for (let step = 0; step < steps; step++) {
    squaredDistances(data, from.location, from.factor, distances);
    const next = concentrated(data, nearestRows(distances, count), regularise);
    if (next === null) return null;
    if (best !== null && next.logDeterminant >= best.logDeterminant) return best;
    from = best = next;
  }
  return best;
}
