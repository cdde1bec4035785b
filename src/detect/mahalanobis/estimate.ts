import type { Matrix } from '../detector.js';
import { drawIndices, seededRandom } from '../random.js';
import { SINGULAR } from './c-steps.js';
import { cholesky } from './cholesky.js';
import { takeRows } from '../take-rows.js';
import { fastMcd, subsetRows } from './fast-mcd.js';
import { mrcd } from './mrcd.js';

export type Estimator = 'auto' | 'mcd' | 'mrcd';

/** Fewest rows a feature that the MCD is asked with; the paper wants five. */
export const MCD_ROWS_PER_FEATURE_MIN = 5;
/** Rows × features² above which the estimate is made from a sample of the rows. */
const SIZE_MAX = 4e8;

export interface EstimateTask {
  /** Standardised by a robust location and scale, without constant columns. */
  readonly data: Matrix;
  readonly estimator: Estimator;
  readonly support: number;
  readonly seed: number;
}

export interface Estimate {
  readonly location: Float64Array;
  /** Cholesky factor of the covariance, row-major. */
  readonly factor: Float64Array;
  readonly notes: readonly string[];
}

/** A robust location and scatter: the MCD where it can be had, else the MRCD. */
export function estimate({ data, estimator, support, seed }: EstimateTask): Estimate {
  const random = seededRandom(seed);
  const rowsMax = Math.max(5 * data.width, Math.floor(SIZE_MAX / data.width ** 2));
  const notes: string[] = [];
  let sample = data;
  if (data.rows > rowsMax) {
    sample = takeRows(data, drawIndices(data.rows, rowsMax, random).sort());
    notes.push(`estimated from ${rowsMax} of ${data.rows} rows, drawn by the seed`);
  }
  const { rows, width } = sample;
  const tooFew = rows < MCD_ROWS_PER_FEATURE_MIN * width;
  if (estimator === 'mcd' || (estimator === 'auto' && !tooFew)) {
    const found = fastMcd(sample, support, random);
    const factor = found && cholesky(found.covariance, width, SINGULAR);
    if (found !== null && factor !== null) {
      notes.push(
        `minimum covariance determinant of ${found.raw.subset.length} of ${rows} rows, from ${found.starts} starts`,
      );
      return { location: found.location, factor, notes };
    }
  }
  const { location, covariance, rho } = mrcd(sample, subsetRows(rows, 0, support), random);
  const factor = cholesky(covariance, width, 0);
  if (factor === null) throw new Error('the regularised matrix is singular');
  const why =
    estimator === 'mrcd'
      ? 'as configured'
      : tooFew && estimator === 'auto'
        ? `${rows} rows are few for ${width} features`
        : 'most rows lie in a hyperplane';
  notes.push(`regularised covariance (MRCD, ${rho.toPrecision(2)} of the identity): ${why}`);
  return { location, factor, notes };
}
