import { z } from 'zod';
import { columnScales, scaleNotes } from './column-scale.js';
import type { Detector, DetectorKind, Explanation, Matrix } from './detector.js';
import { modelDoubles } from './model-doubles.js';
import { scaledDeviation } from './scaled-deviation.js';
import { toShares } from './shares.js';
import { typicalDistance } from './typical-distance.js';
import { unitScore } from './unit-score.js';

const options = z.strictObject({ combine: z.enum(['largest', 'rms']).default('largest') });
type Combine = z.infer<typeof options>['combine'];

/** |z| from which a value counts as an outlier: Iglewicz, Hoaglin 1993. */
const OUTLIER_Z = 3.5;

/**
 * Robust z-scores: z = (x − median) / (1.4826 MAD), the modified z-score of Iglewicz and Hoaglin ("How to Detect and
 * Handle Outliers", 1993, section 3.3; their factor 0.6745 is 1 / 1.4826). Other scales where the MAD is 0:
 * column-scale.ts. A row's distance is its largest |z|, or the root of the mean z²; `unitScore` brings it to [0, 1).
 */
export const robustZ: DetectorKind = {
  type: 'robust-z',
  options,
  imports: 'never',
  train: ({ data, options: configured }) =>
    Promise.resolve().then(() => {
      const { combine } = configured as z.infer<typeof options>;
      const scales = columnScales(data);
      const centre = Float64Array.from(scales, (column) => column.centre);
      const scale = Float64Array.from(scales, (column) => column.scale);
      const typical = Float64Array.of(typicalDistance(distances(data, centre, scale, combine)));
      return { arrays: { centre, scale, typical }, notes: scaleNotes(scales) };
    }),
  create: (configured, features, { arrays }) =>
    new RobustZ(
      modelDoubles(arrays, 'centre', features.length),
      modelDoubles(arrays, 'scale', features.length, 'positive'),
      modelDoubles(arrays, 'typical', 1, 'positive')[0] as number,
      (configured as z.infer<typeof options>).combine,
    ),
};

function distances(
  { values, rows, width }: Matrix,
  centre: Float64Array,
  scale: Float64Array,
  combine: Combine,
): Float64Array {
  const out = new Float64Array(rows);
  const distance = combine === 'largest' ? largestZ : rootMeanSquareZ;
  for (let row = 0; row < rows; row++) out[row] = distance(values, row * width, centre, scale);
  return out;
}

function largestZ(values: Float64Array, from: number, centre: Float64Array, scale: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < centre.length; i++) {
    const z = Math.abs(zOf(values[from + i] as number, centre[i] as number, scale[i] as number));
    if (z > largest) largest = z;
  }
  return largest;
}

function rootMeanSquareZ(
  values: Float64Array,
  from: number,
  centre: Float64Array,
  scale: Float64Array,
): number {
  let sum = 0;
  for (let i = 0; i < centre.length; i++) {
    const z = zOf(values[from + i] as number, centre[i] as number, scale[i] as number);
    sum += z * z;
  }
  if (sum < Infinity) return Math.sqrt(sum / centre.length);
  // The squares overflow: again, as shares of the largest.
  const largest = largestZ(values, from, centre, scale);
  sum = 0;
  for (let i = 0; i < centre.length; i++)
    sum += (zOf(values[from + i] as number, centre[i] as number, scale[i] as number) / largest) ** 2;
  return largest * Math.sqrt(sum / centre.length);
}

const zOf = (value: number, centre: number, scale: number): number =>
  scaledDeviation(value, centre, scale, Number.MAX_VALUE);

class RobustZ implements Detector {
  constructor(
    private readonly centre: Float64Array,
    private readonly scale: Float64Array,
    private readonly typical: number,
    private readonly combine: Combine,
  ) {}

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    const { centre, scale, typical } = this;
    const width = centre.length;
    const distance = this.combine === 'largest' ? largestZ : rootMeanSquareZ;
    for (let row = 0; row < rows; row++)
      scores[row] = unitScore(distance(values, row * width, centre, scale), typical);
  }

  /** Contributions: the shares of z². Expected: median ± 3.5 scales. */
  explain(values: Float64Array, rows: number): Explanation {
    const { centre, scale } = this;
    const width = centre.length;
    const contributions = new Float64Array(rows * width);
    const low = new Float64Array(rows * width);
    const high = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      const largest = largestZ(values, from, centre, scale) || 1;
      for (let i = 0; i < width; i++) {
        const middle = centre[i] as number;
        const reach = OUTLIER_Z * (scale[i] as number);
        contributions[from + i] =
          (zOf(values[from + i] as number, middle, scale[i] as number) / largest) ** 2;
        low[from + i] = Math.max(-Number.MAX_VALUE, middle - reach);
        high[from + i] = Math.min(Number.MAX_VALUE, middle + reach);
      }
      toShares(contributions.subarray(from, from + width));
    }
    return { contributions, expected: { low, high } };
  }
}
