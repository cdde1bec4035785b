import { quantileOf } from '../quantile.js';

/** Where the raw scores of the training rows lie, strangest highest. */
export interface RawScale {
  readonly median: number;
  /** Distance of the quartiles, positive. */
  readonly spread: number;
}

/**
 * Brings a raw score into [0, 1]: with z = (raw − median) / spread and w = (1 + |z|)^(1/8), the score is 1 − 1 / 2w for
 * z >= 0, else 1 / 2w. It is 0.5 at the training rows' median and rises everywhere. A logistic curve is 1 from z = 37
 * on, and two outliers could not be told apart; here all 32-bit numbers beyond the spread stay apart, up to the
 * largest. Additions, divisions and square roots are rounded as IEEE 754 says: the order is kept to the last bit, and
 * every machine has the same.
 * @param raw higher is stranger
 * @returns NaN where raw is not finite
 */
export function boundedScore(raw: number, { median, spread }: RawScale): number {
  if (!Number.isFinite(raw)) return NaN;
  const z = (raw - median) / spread;
  const half = 0.5 / Math.sqrt(Math.sqrt(Math.sqrt(1 + Math.abs(z))));
  return z >= 0 ? 1 - half : half;
}

/**
 * @param raws one per training row, at least one, all finite
 * @returns null where they are all the same. Where the middle half is, the spread is the standard deviation
 */
export function rawScaleOf(raws: Float64Array): RawScale | null {
  const sorted = raws.slice().sort();
  const spread = quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25);
  const scale = { median: quantileOf(sorted, 0.5), spread: spread > 0 ? spread : deviation(raws) };
  return scale.spread > 0 && Number.isFinite(scale.spread) ? scale : null;
}

/** Of the population. */
export function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0));
}
