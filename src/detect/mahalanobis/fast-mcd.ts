import type { Matrix } from '../detector.js';
import { drawIndices } from '../random.js';
import { takeRows } from '../take-rows.js';
import { type Concentrated, concentrate, concentrated } from './c-steps.js';
import { chiSquareQuantile } from './chi-square.js';
import { consistencyFactor, smallSampleFactor } from './mcd-corrections.js';
import { type Scatter, scatterOf, squaredDistances } from './scatter.js';

/** Rows from which on the search begins in parts. */
const NESTED_ROWS_MIN = 600;
const PARTS_MAX = 5;
const PART_ROWS = 300;
const STARTS = 500;
const STARTS_MIN = 50;
const KEPT = 10;
/** Multiplications that the random starts may cost: some seconds. */
const WORK_MAX = 1e9;
/** C-steps in all rows that a candidate is expected to take. */
const STEPS = 10;
/** Share of normal rows that the reweighted estimate is computed from. */
export const REWEIGHTED_SHARE = 0.975;

export interface Mcd extends Scatter {
  /** Before reweighting and corrections: mean and covariance of the rows of least determinant, and which they are. */
  readonly raw: Scatter & { readonly subset: Int32Array };
  readonly starts: number;
}

/** Rows in the subset: by default, and at least, those that give the highest breakdown point. */
export function subsetRows(rows: number, width: number, support: number): number {
  return Math.min(rows, Math.max(Math.floor((rows + width + 1) / 2), Math.floor(support * rows)));
}

/**
 * FAST-MCD: Rousseeuw, Van Driessen, "A Fast Algorithm for the Minimum Covariance Determinant Estimator" (Technometrics
 * 1999): 500 random starts with two C-steps each, the ten best until they converge; above 600 rows in up to five parts
 * of 300, which are pooled, and then in all rows (section 3.3). Reweighted once (section 4) with rows whose robust
 * distance is below the 0.975 quantile of chi-square; consistency and small-sample factors of mcd-corrections.ts.
 * Beside the random starts there is one from the rows nearest to the centre of the standardised data; parts have at
 * least five rows a feature; with many features there are fewer starts.
 * @param data standardised by a robust location and scale
 * @returns null where the subset, or what was reweighted, lies in a hyperplane
 */
export function fastMcd(data: Matrix, support: number, random: () => number): Mcd | null {
  const { rows, width } = data;
  const count = subsetRows(rows, width, support);
  const share = count / rows;
  const { best, starts } = search(data, share, count, random);
  if (best === null) return null;
  const rawFactor =
    consistencyFactor(width, share) * smallSampleFactor(width, rows, Math.max(0.5, share), 'raw');
  const distances = new Float64Array(rows);
  squaredDistances(data, best.location, best.factor, distances);
  const limit = chiSquareQuantile(REWEIGHTED_SHARE, width) * rawFactor;
  const inside = Int32Array.from([...distances.keys()].filter((row) => (distances[row] as number) < limit));
  if (inside.length <= width) return null;
  const { location, covariance } = scatterOf(data, inside);
  const factor =
    consistencyFactor(width, REWEIGHTED_SHARE) *
    smallSampleFactor(width, rows, Math.max(0.5, share), 'reweighted');
  return {
    location,
    covariance: covariance.map((value) => value * factor),
    raw: { location: best.location, covariance: best.covariance, subset: best.subset },
    starts,
  };
}

type Start = Pick<Concentrated, 'location' | 'covariance' | 'factor'>;

function search(
  data: Matrix,
  share: number,
  count: number,
  random: () => number,
): { best: Concentrated | null; starts: number } {
  const { rows, width } = data;
  if (count === rows)
    return {
      best: concentrated(
        data,
        Int32Array.from({ length: rows }, (_, row) => row),
      ),
      starts: 1,
    };
  const central = centralStart(data, count);
  const nested = rows > NESTED_ROWS_MIN;
  const partRows = nested ? Math.max(PART_ROWS, 5 * width) : rows;
  const parts = nested ? Math.max(1, Math.min(PARTS_MAX, Math.floor(rows / partRows))) : 1;
  const starts = Math.min(
    STARTS,
    Math.max(STARTS_MIN, Math.floor(WORK_MAX / (3 * Math.min(partRows, rows) * width * width))),
  );
  const pooledRows = drawIndices(rows, nested ? parts * partRows : rows, random);
  const candidates: Start[] = [];
  for (let part = 0; part < parts; part++) {
    const taken = nested ? takeRows(data, pooledRows.slice(part * partRows, (part + 1) * partRows)) : data;
    candidates.push(...bestStarts(taken, Math.ceil(taken.rows * share), Math.ceil(starts / parts), random));
  }
  if (central !== null) candidates.unshift(central);
  const pooled = nested && parts > 1 ? takeRows(data, pooledRows) : null;
  const finalists =
    pooled === null
      ? candidates
      : lowest(
          candidates.map((start) => concentrate(pooled, start, Math.ceil(pooled.rows * share), 2)),
          KEPT,
        );
  const affordable = Math.max(2, Math.floor(WORK_MAX / (STEPS * rows * width * width)));
  // A start that becomes singular is an exact fit: `count` rows in a hyperplane, and no determinant is lower.
  const ends = finalists.slice(0, affordable).map((start) => concentrate(data, start, count));
  return { best: ends.includes(null) ? null : (lowest(ends, 1)[0] ?? null), starts };
}

/** The starts of lowest determinant after two C-steps. */
function bestStarts(data: Matrix, count: number, starts: number, random: () => number): Concentrated[] {
  let kept: Concentrated[] = [];
  for (let start = 0; start < starts; start++) {
    const from = randomStart(data, random);
    if (from === null) continue;
    const end = concentrate(data, from, count, 2);
    if (end === null) continue;
    kept.push(end);
    if (kept.length > 2 * KEPT) kept = lowest(kept, KEPT);
  }
  return lowest(kept, KEPT);
}

/** width + 1 random rows, and more until their scatter is not singular. */
function randomStart(data: Matrix, random: () => number): Start | null {
  const most = Math.min(data.rows, 4 * (data.width + 1));
  const drawn = drawIndices(data.rows, most, random);
  for (let size = Math.min(most, data.width + 1); ; size = Math.min(most, size + Math.ceil(size / 4))) {
    const start = concentrated(data, drawn.slice(0, size));
    if (start !== null || size === most) return start;
  }
}

/** The scatter of the rows that are nearest to the centre of the standardised data. */
export function centralRows({ values, rows, width }: Matrix, count: number): Int32Array {
  const distances = new Float64Array(rows);
  for (let row = 0; row < rows; row++)
    for (let i = row * width; i < (row + 1) * width; i++)
      distances[row] = (distances[row] as number) + (values[i] as number) ** 2;
  const order = Array.from(distances.keys()).sort(
    (a, b) => (distances[a] as number) - (distances[b] as number) || a - b,
  );
  return Int32Array.from(order.slice(0, count)).sort();
}

function centralStart(data: Matrix, count: number): Concentrated | null {
  return concentrated(data, centralRows(data, count));
}

function lowest(ends: readonly (Concentrated | null)[], count: number): Concentrated[] {
  return ends
    .filter((end) => end !== null)
    .sort((a, b) => a.logDeterminant - b.logDeterminant)
    .slice(0, count);
}
