import { z } from 'zod';
import { type ColumnScale, columnScales, scaleNotes } from '../column-scale.js';
import {
  type Detector,
  type DetectorKind,
  type Explanation,
  type Matrix,
  type ModelArrays,
  ModelFault,
  TrainingFault,
} from '../detector.js';
import { trainInThread } from '../training-thread.js';
import { modelDoubles } from '../model-doubles.js';
import { scaledDeviation } from '../scaled-deviation.js';
import { toShares } from '../shares.js';
import { typicalDistance } from '../typical-distance.js';
import { unitScore } from '../unit-score.js';
import { inverseDiagonal, solveLower, solveUpper } from './cholesky.js';
import type { Estimate, EstimateTask } from './estimate.js';

const options = z.strictObject({
  estimator: z.enum(['auto', 'mcd', 'mrcd']).default('auto'),
  support: z.number().min(0.5).max(1).default(0.9),
  seed: z.number().int().min(0).max(4_294_967_295).default(0),
});
type Options = z.infer<typeof options>;

/** Most features: the matrix, and the time that it takes, grow with their square and cube. */
const FEATURES_MAX = 1000;
/** Most scales that a value counts as from its centre: the square of that is still a double. */
const DEVIATION_MAX = 1e120;
/** The expected range holds 99 of 100 normal values. */
const EXPECTED_Z = 2.5758293035489004;

/**
 * Mahalanobis distance from a robust location and scatter: fast-mcd.ts, or mrcd.ts where the MCD cannot be had. The
 * distance is √((x − μ)ᵀ Σ⁻¹ (x − μ)); `unitScore` brings it to [0, 1). Features of
 * mostly one value stand beside the matrix, with the scale of column-scale.ts, uncorrelated.
 */
export const mahalanobis: DetectorKind = {
  type: 'mahalanobis',
  options,
  imports: 'never',
  train: async ({ data, options: configured }, signal) => {
    if (data.width > FEATURES_MAX)
      throw new TrainingFault(
        `${data.width} features are too many for mahalanobis; ${FEATURES_MAX} is the most`,
      );
    const scales = columnScales(data);
    const centre = Float64Array.from(scales, (column) => column.centre);
    const scale = Float64Array.from(scales, (column) => column.scale);
    const varying = matrixColumns(scales);
    const task: EstimateTask = { ...(configured as Options), data: standardised(data, scales, varying) };
    const file = new URL('./estimate-thread.js', import.meta.url);
    const { location, factor, notes } = await trainInThread<Estimate>(file, task, signal);
    const fit: Fit = { centre, scale, varying, location, factor };
    const distances = new Float64Array(data.rows);
    distancesOf(fit, data.values, data.rows, distances);
    return {
      arrays: { ...fit, typical: Float64Array.of(typicalDistance(distances)) },
      notes: [...notes, ...scaleNotes(scales)],
    };
  },
  create: (_options, features, { arrays }) =>
    new Mahalanobis(
      checkArrays(arrays, features.length),
      modelDoubles(arrays, 'typical', 1, 'positive')[0] as number,
    ),
};

/**
 * The features that the matrix is about: those whose middle half of values is not one value, which would leave the MCD
 * nothing to turn around; where there are none all that vary.
 */
function matrixColumns(scales: readonly ColumnScale[]): Int32Array {
  const columns = (wanted: readonly ColumnScale['by'][]): Int32Array =>
    Int32Array.from(
      [...scales.keys()].filter((column) => wanted.includes((scales[column] as ColumnScale).by)),
    );
  const continuous = columns(['mad', 'iqr']);
  return continuous.length > 0 ? continuous : columns(['standard-deviation']);
}

interface Fit extends ModelArrays {
  /** Of each feature, for its own standardisation. */
  readonly centre: Float64Array;
  readonly scale: Float64Array;
  /** The features that the matrix is about, rising. */
  readonly varying: Int32Array;
  /** In scales from the centre, one for each of `varying`. */
  readonly location: Float64Array;
  /** Cholesky factor of the scatter of standardised features, row-major, lower triangular. */
  readonly factor: Float64Array;
}

function checkArrays(arrays: ModelArrays, width: number): Fit {
  const { varying } = arrays;
  if (!(varying instanceof Int32Array) || varying.length === 0)
    throw new ModelFault("the array 'varying' is missing");
  if (!varying.every((column, i) => column < width && column > (varying[i - 1] ?? -1)))
    throw new ModelFault(`the array 'varying' does not name some of ${width} features`);
  const factor = modelDoubles(arrays, 'factor', varying.length ** 2);
  if (!varying.every((_, i) => (factor[i * (varying.length + 1)] as number) > 0))
    throw new ModelFault("the array 'factor' has a diagonal that is not positive");
  return {
    centre: modelDoubles(arrays, 'centre', width),
    scale: modelDoubles(arrays, 'scale', width, 'positive'),
    varying,
    location: modelDoubles(arrays, 'location', varying.length),
    factor,
  };
}

function standardised(
  { values, rows, width }: Matrix,
  scales: readonly ColumnScale[],
  varying: Int32Array,
): Matrix {
  const out = new Float64Array(rows * varying.length);
  for (const [i, column] of varying.entries()) {
    const { centre, scale } = scales[column] as ColumnScale;
    for (let row = 0; row < rows; row++)
      out[row * varying.length + i] = scaledDeviation(
        values[row * width + column] as number,
        centre,
        scale,
        DEVIATION_MAX,
      );
  }
  return { values: out, rows, width: varying.length };
}

/** Hot path: one forward substitution a row, in two buffers. */
function distancesOf(
  { centre, scale, varying, location, factor }: Fit,
  values: Float64Array,
  rows: number,
  out: Float64Array,
): void {
  const width = centre.length;
  const count = varying.length;
  const centred = new Float64Array(count);
  for (let row = 0; row < rows; row++) {
    let constant = 0;
    for (let i = 0, next = 0; i < width; i++) {
      const deviation = scaledDeviation(
        values[row * width + i] as number,
        centre[i] as number,
        scale[i] as number,
        DEVIATION_MAX,
      );
      if (varying[next] === i) {
        centred[next] = deviation - (location[next] as number);
        next++;
      } else constant += deviation * deviation;
    }
    out[row] = Math.sqrt(constant + solveLower(factor, count, centred));
  }
}

class Mahalanobis implements Detector {
  /** Standard deviation of each varying feature, in scales, when all others are known: 1 / √(Σ⁻¹)ⱼⱼ. */
  private readonly conditional: Float64Array;

  constructor(
    private readonly fit: Fit,
    private readonly typical: number,
  ) {
    this.conditional = inverseDiagonal(fit.factor, fit.varying.length).map(
      (element) => 1 / Math.sqrt(element),
    );
  }

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    distancesOf(this.fit, values, rows, scores);
    for (let row = 0; row < rows; row++) scores[row] = unitScore(scores[row] as number, this.typical);
  }

  /**
   * Expected of a feature: its mean, given the row's other features, ± 2.576 of its standard deviations, given them:
   * xⱼ − (Σ⁻¹(x − μ))ⱼ / (Σ⁻¹)ⱼⱼ. Contributions: the shares of (Σ⁻¹(x − μ))ⱼ² / (Σ⁻¹)ⱼⱼ, which is what the squared
   * distance loses when the feature has its expected value. If one feature alone is off, by whatever distance, its
   * share is the largest: (Σ⁻¹)ₖⱼ² ≤ (Σ⁻¹)ₖₖ (Σ⁻¹)ⱼⱼ. The parts of the symmetric root Σ^(−1/2) (Garthwaite, Koch 2016)
   * do not promise that.
   */
  explain(values: Float64Array, rows: number): Explanation {
    const { centre, scale, varying, location, factor } = this.fit;
    const width = centre.length;
    const contributions = new Float64Array(rows * width);
    const low = new Float64Array(rows * width);
    const high = new Float64Array(rows * width);
    const parts = new Float64Array(varying.length);
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      const deviations = Float64Array.from(centre, (middle, i) =>
        scaledDeviation(values[from + i] as number, middle, scale[i] as number, DEVIATION_MAX),
      );
      for (const [i, column] of varying.entries())
        parts[i] = (deviations[column] as number) - (location[i] as number);
      solveLower(factor, varying.length, parts);
      solveUpper(factor, varying.length, parts);
      for (let column = 0, next = 0; column < width; column++) {
        const deviation = deviations[column] as number;
        const isVarying = varying[next] === column;
        const spread = isVarying ? (this.conditional[next] as number) : 1;
        // How far the value is from what the others let expect, in `spread`.
        const surprise = isVarying ? (parts[next] as number) * spread : deviation;
        if (isVarying) next++;
        const expected = deviation - surprise * spread;
        const limit = (at: number): number =>
          clamped((centre[column] as number) + (expected + at * spread) * (scale[column] as number));
        contributions[from + column] = surprise * surprise;
        low[from + column] = limit(-EXPECTED_Z);
        high[from + column] = limit(EXPECTED_Z);
      }
      toShares(contributions.subarray(from, from + width));
    }
    return { contributions, expected: { low, high } };
  }
}

const clamped = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
