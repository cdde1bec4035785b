import { z } from 'zod';
import {
  type Detector,
  type DetectorKind,
  type Explanation,
  type Matrix,
  type ModelArrays,
  ModelFault,
  TrainingFault,
} from '../detector.js';
import { modelDoubles } from '../model-doubles.js';
import { scaledDeviation } from '../scaled-deviation.js';
import { toShares } from '../shares.js';
import { typicalDistance } from '../typical-distance.js';
import { unitScore } from '../unit-score.js';
import { tailSketch } from './tail-sketch.js';

const options = z.strictObject({ tails: z.enum(['rows', 'features']).default('features') });
type Options = z.infer<typeof options>;

/** Share of the training values that the expected range leaves out on either side. */
const EXPECTED_TAIL = 0.005;

/**
 * ECOD: Li, Zhao, Hu, Botta, Ionescu, Chen, "ECOD: Unsupervised Outlier Detection Using Empirical Cumulative
 * Distribution Functions" (TKDE 2022), algorithm 1. A value's tails are −log of the shares of training rows that are at
 * most, and at least as large. `tails: features`: a row's raw score is the sum of each feature's larger tail, both where
 * the skewness is 0, as PyOD 3.6 has it, by the paper's authors. PyOD also counts the scored batch to the training rows;
 * here a row's score is its own. `tails: rows` is the paper's: the largest of three sums over the features: left tails,
 * right tails, and of each feature the tail that its skewness points to (left where negative).
 *
 * The paper has no value for a row beyond all training rows (log 0). Here the tail goes on from the outermost value
 * as that of an exponential distribution.
 */
export const ecod: DetectorKind = {
  type: 'ecod',
  options,
  imports: 'never',
  train: ({ data, options: configured }) =>
    Promise.resolve().then(() => {
      const arrays = learn(data);
      const raw = new Float64Array(data.rows);
      new Ecod(arrays, data.width, 1, (configured as Options).tails).rawScores(data.values, data.rows, raw);
      return { arrays: { ...arrays, typical: Float64Array.of(typicalDistance(raw)) } };
    }),
  create: (configured, features, { arrays }) =>
    new Ecod(
      checkArrays(arrays, features.length),
      features.length,
      modelDoubles(arrays, 'typical', 1, 'positive')[0] as number,
      (configured as Options).tails,
    ),
};

interface EcodArrays extends ModelArrays {
  /** Where each feature's points begin, and where the last ones end. */
  readonly start: Int32Array;
  readonly points: Float64Array;
  readonly atMost: Float64Array;
  readonly atLeast: Float64Array;
  /** Two for each feature, below and above. */
  readonly reach: Float64Array;
  /** Sign of each feature's skewness. */
  readonly skew: Float64Array;
}

function learn({ values, rows, width }: Matrix): EcodArrays {
  const columns = Array.from({ length: width }, (_, column) =>
    Float64Array.from({ length: rows }, (_, row) => values[row * width + column] as number).sort(),
  );
  if (columns.every((column) => column[0] === column[rows - 1]))
    throw new TrainingFault('every feature is constant');
  const sketches = columns.map(tailSketch);
  const start = new Int32Array(width + 1);
  for (const [i, { points }] of sketches.entries()) start[i + 1] = (start[i] as number) + points.length;
  const joined = (name: 'points' | 'atMost' | 'atLeast'): Float64Array =>
    Float64Array.from(sketches.flatMap((sketch) => [...sketch[name]]));
  return {
    start,
    points: joined('points'),
    atMost: joined('atMost'),
    atLeast: joined('atLeast'),
    reach: Float64Array.from(sketches.flatMap(({ reach }) => reach)),
    skew: Float64Array.from(columns, skewSign),
  };
}

/** Sign of Σ (x − mean)³, which is that of the skewness. */
function skewSign(sorted: Float64Array): number {
  if (sorted[0] === sorted[sorted.length - 1]) return 0;
  const unit = Math.max(Math.abs(sorted[0] as number), Math.abs(sorted[sorted.length - 1] as number));
  const mean = sorted.reduce((sum, value) => sum + value / unit / sorted.length, 0);
  return Math.sign(sorted.reduce((sum, value) => sum + (value / unit - mean) ** 3, 0));
}

function checkArrays(arrays: ModelArrays, width: number): EcodArrays {
  const { start } = arrays;
  if (!(start instanceof Int32Array) || start.length !== width + 1)
    throw new ModelFault(`the array 'start' is missing, or is not that of ${width} features`);
  if (start[0] !== 0 || !start.every((at, i) => i === 0 || at > (start[i - 1] as number)))
    throw new ModelFault('a feature has no points');
  const count = start[width] as number;
  const points = modelDoubles(arrays, 'points', count);
  const atMost = modelDoubles(arrays, 'atMost', count, 'positive');
  const atLeast = modelDoubles(arrays, 'atLeast', count, 'positive');
  const rows = atMost[count - 1] as number;
  for (let feature = 0; feature < width; feature++) {
    const from = start[feature] as number;
    const to = (start[feature + 1] as number) - 1;
    for (let i = from + 1; i <= to; i++) {
      const isRising =
        (points[i] as number) > (points[i - 1] as number) &&
        (atMost[i] as number) > (atMost[i - 1] as number) &&
        (atLeast[i] as number) <= rows - (atMost[i - 1] as number);
      if (!isRising) throw new ModelFault(`the distribution of feature ${feature} is not in order`);
    }
    if (atLeast[from] !== rows || atMost[to] !== rows)
      throw new ModelFault(`the distribution of feature ${feature} is not that of ${rows} rows`);
  }
  const reach = modelDoubles(arrays, 'reach', 2 * width, 'positive');
  return { start, points, atMost, atLeast, reach, skew: modelDoubles(arrays, 'skew', width) };
}

class Ecod implements Detector {
  /** −log of `atMost` and of `atLeast` as shares of the rows. */
  private readonly logLeft: Float64Array;
  private readonly logRight: Float64Array;
  private readonly rows: number;
  /** Of each feature, what is expected of it. */
  private readonly ranges: readonly (readonly [number, number])[];
  /** The tails of the value that was looked at last: no object for each. */
  private left = 0;
  private right = 0;

  constructor(
    private readonly learnt: EcodArrays,
    private readonly width: number,
    private readonly typical: number,
    private readonly tails: Options['tails'],
  ) {
    this.rows = learnt.atMost.at(-1) as number;
    this.logLeft = learnt.atMost.map((count) => -Math.log(count / this.rows));
    this.logRight = learnt.atLeast.map((count) => -Math.log(count / this.rows));
    this.ranges = Array.from({ length: width }, (_, feature) => this.expected(feature));
  }

  score(values: Float64Array, rows: number, scores: Float64Array): void {
    this.rawScores(values, rows, scores);
    for (let row = 0; row < rows; row++) scores[row] = unitScore(scores[row] as number, this.typical);
  }

  /** @param raw takes the paper's O of each row, at least 0, or Infinity */
  rawScores(values: Float64Array, rows: number, raw: Float64Array): void {
    const { width, tails } = this;
    const { skew } = this.learnt;
    for (let row = 0; row < rows; row++) {
      let left = 0;
      let right = 0;
      let skewed = 0;
      let larger = 0;
      for (let i = 0; i < width; i++) {
        this.find(values[row * width + i] as number, i);
        left += this.left;
        right += this.right;
        skewed += (skew[i] as number) < 0 ? this.left : this.right;
        larger += skew[i] === 0 ? this.left + this.right : Math.max(this.left, this.right);
      }
      raw[row] = tails === 'features' ? larger : Math.max(left, right, skewed);
    }
  }

  /** Sets the tails of a value of a feature. */
  private find(value: number, feature: number): void {
    const { points, atMost, atLeast, start, reach } = this.learnt;
    const { logLeft, logRight, rows } = this;
    const first = start[feature] as number;
    const last = (start[feature + 1] as number) - 1;
    const lowest = points[first] as number;
    const highest = points[last] as number;
    if (value < lowest) {
      const beyond = scaledDeviation(lowest, value, reach[2 * feature] as number, Number.MAX_VALUE);
      this.left = (logLeft[first] as number) + beyond;
      this.right = 0;
      return;
    }
    if (value >= highest) {
      const beyond = scaledDeviation(value, highest, reach[2 * feature + 1] as number, Number.MAX_VALUE);
      this.left = 0;
      this.right = (logRight[last] as number) + beyond;
      return;
    }
    // The last point that is not above the value.
    let low = first;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((points[middle] as number) <= value) low = middle;
      else high = middle;
    }
    this.left = logLeft[low] as number;
    if (points[low] === value) {
      this.right = logRight[low] as number;
      return;
    }
    const between = rows - (atMost[low] as number) - (atLeast[high] as number);
    if (between === 0) {
      this.right = logRight[high] as number;
      return;
    }
    // The rows between two points that are not neighbours are taken to be spread evenly.
    const from = points[low] as number;
    const share = (value / 2 - from / 2) / ((points[high] as number) / 2 - from / 2);
    const below = (atMost[low] as number) + share * between;
    this.left = -Math.log(below / rows);
    this.right = -Math.log((rows - below) / rows);
  }

  /**
   * Contributions: the shares of each feature's larger tail (the paper's dimensional outlier graph). Expected: the
   * central 99 of 100 training values.
   */
  explain(values: Float64Array, rows: number): Explanation {
    const { width } = this;
    const contributions = new Float64Array(rows * width);
    const low = new Float64Array(rows * width);
    const high = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      for (const [i, [lowest, highest]] of this.ranges.entries()) {
        this.find(values[from + i] as number, i);
        contributions[from + i] = Math.min(Number.MAX_VALUE, Math.max(this.left, this.right));
        low[from + i] = lowest;
        high[from + i] = highest;
      }
      toShares(contributions.subarray(from, from + width));
    }
    return { contributions, expected: { low, high } };
  }

  private expected(feature: number): [number, number] {
    const { points, atMost, atLeast, start } = this.learnt;
    const outer = EXPECTED_TAIL * this.rows;
    let low = start[feature] as number;
    while ((atMost[low] as number) < outer) low++;
    let high = (start[feature + 1] as number) - 1;
    while ((atLeast[high] as number) < outer) high--;
    return [points[low] as number, points[high] as number];
  }
}
