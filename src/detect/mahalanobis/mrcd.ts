import type { Matrix } from '../detector.js';
import { drawIndices } from '../random.js';
import { type Concentrated, concentrate, concentrated } from './c-steps.js';
import { cholesky, solveLower, solveUpper } from './cholesky.js';
import { chiSquareQuantile } from './chi-square.js';
import { REWEIGHTED_SHARE, centralRows } from './fast-mcd.js';
import { consistencyFactor } from './mcd-corrections.js';
import { type Scatter, scatterOf, squaredDistances } from './scatter.js';

/** Largest condition number of a subset's matrix. */
const CONDITION_MAX = 50;
/** Multiplications that all starts may cost: some seconds. */
const WORK_MAX = 8e9;
const STARTS_MAX = 8;
/** Steps that a start is expected to take. */
const STEPS = 10;

export interface Mrcd extends Scatter {
  /** Share of the identity in the matrix. */
  readonly rho: number;
}

/**
 * Minimum regularised covariance determinant: Boudt, Rousseeuw, Vanduffel, Verdonck, "The minimum regularized covariance
 * determinant estimator" (Statistics and Computing 2020): of all subsets of `count` rows the one whose
 * K = ρ I + (1 − ρ) c S has the least determinant, S its covariance, c the consistency factor; by C-steps (their
 * theorem 1). ρ is the least that keeps K's condition number within 50; over the starts their rule takes the largest ρ
 * up to 0.1, else the median, at least 0.1. The starts are the central rows, all rows, and random subsets, where the
 * paper has the six of DetMCD. Always positive definite.
 * @param data standardised by a robust location and scale, so that the identity is a target
 */
export function mrcd(data: Matrix, count: number, random: () => number): Mrcd {
  const { rows, width } = data;
  const consistency = consistencyFactor(width, count / rows);
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  const cost = STEPS * (rows * width * width + width ** 3 / 6);
  const starts = Math.max(2, Math.min(STARTS_MAX, Math.floor(WORK_MAX / cost)));
  const subsets = [
    centralRows(data, count),
    all,
    ...Array.from({ length: starts - 2 }, () => drawIndices(rows, count, random).sort()),
  ];
  const rhos = subsets
    .map((subset) => leastRho(scatterOf(data, subset).covariance, width, consistency))
    .sort((a, b) => a - b);
  const largest = rhos.at(-1) as number;
  const rho = largest <= 0.1 ? largest : Math.max(0.1, rhos[rhos.length >> 1] as number);
  const regularise = (covariance: Float64Array): Float64Array =>
    regularised(covariance, width, rho, consistency);
  const ends = subsets
    .map((subset) => concentrated(data, subset, regularise))
    .map((start) => (start === null ? null : concentrate(data, start, count, undefined, regularise)))
    .filter((end): end is Concentrated => end !== null)
    .sort((a, b) => a.logDeterminant - b.logDeterminant);
  const best = ends[0];
  if (best === undefined) throw new Error(`no start of ${subsets.length} led to a regular matrix`);
  return reweighted(data, best);
}

/**
 * Mean and regularised covariance of the rows that are not far by the subset's matrix: squared distance below the 0.975
 * quantile of chi-square, after their median is brought to that of chi-square, as Maronna and Zamar 2002 do it (section
 * 4): the distances of a regularised matrix are not those of normal data.
 */
function reweighted(data: Matrix, best: Concentrated): Mrcd {
  const { rows, width } = data;
  const distances = new Float64Array(rows);
  squaredDistances(data, best.location, best.factor, distances);
  const median = distances.slice().sort()[rows >> 1] as number;
  const limit = (median * chiSquareQuantile(REWEIGHTED_SHARE, width)) / chiSquareQuantile(0.5, width);
  const inside = Int32Array.from([...distances.keys()].filter((row) => (distances[row] as number) <= limit));
  const { location, covariance } = scatterOf(data, inside);
  const consistency = consistencyFactor(width, REWEIGHTED_SHARE);
  const rho = leastRho(covariance, width, consistency);
  return { location, covariance: regularised(covariance, width, rho, consistency), rho };
}

function regularised(
  covariance: Float64Array,
  width: number,
  rho: number,
  consistency: number,
): Float64Array {
  return covariance.map((value, at) => (1 - rho) * consistency * value + (at % (width + 1) === 0 ? rho : 0));
}

/** Solves (ρ + (1 − ρ) c λmax) / (ρ + (1 − ρ) c λmin) = CONDITION_MAX for ρ; 0 where the condition is better. */
function leastRho(covariance: Float64Array, width: number, consistency: number): number {
  const { smallest, largest } = extremeEigenvalues(covariance, width);
  const excess = consistency * (largest - CONDITION_MAX * smallest);
  const rho = excess <= 0 ? 0 : excess / (excess + CONDITION_MAX - 1);
  // Not quite 0, which is what a subset in a hyperplane would need.
  return Math.max(rho, 1e-6);
}

/** By power iteration, for the smallest with the inverse; to about a percent, which is enough for ρ. */
function extremeEigenvalues(covariance: Float64Array, width: number): { smallest: number; largest: number } {
  const largest = dominant(width, (x) => {
    const product = new Float64Array(width);
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (covariance[i * width + j] as number) * (x[j] as number);
      product[i] = sum;
    }
    return product;
  });
  const factor = cholesky(covariance, width, 1e-12);
  if (factor === null) return { smallest: 0, largest };
  const inverse = dominant(width, (x) => {
    solveLower(factor, width, x);
    solveUpper(factor, width, x);
    return x;
  });
  return { smallest: 1 / inverse, largest };
}

function dominant(width: number, times: (x: Float64Array) => Float64Array): number {
  let x: Float64Array = Float64Array.from({ length: width }, (_, i) => 1 + (i % 7) / 7);
  let value = 0;
  for (let step = 0; step < 300; step++) {
    const length = Math.sqrt(x.reduce((sum, part) => sum + part * part, 0));
    if (length === 0) return 0;
    const before = value;
    x = times(x.map((part) => part / length));
    value = Math.sqrt(x.reduce((sum, part) => sum + part * part, 0));
    if (Math.abs(value - before) <= 1e-4 * value) break;
  }
  return value;
}
