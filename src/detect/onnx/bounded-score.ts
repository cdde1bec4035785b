/** Where the raw scores of the training rows lie, strangest highest. */
export interface RawScale {
  readonly median: number;
  /** Distance of the quartiles, positive. */
  readonly spread: number;
}

/**
 * Brings a raw score into [0, 1]: z = (raw − median) / spread, t = asinh z, score = (1 + t / (1 + |t|)) / 2. It rises
 * everywhere and is 0.5 at the training rows' median. A logistic curve is 1 from z = 37 on, and two outliers could not
 * be told apart; this one keeps apart all 32-bit numbers beyond the spread, up to the largest.
 * @param raw higher is stranger
 * @returns NaN where raw is not finite
 */
export function boundedScore(raw: number, { median, spread }: RawScale): number {
  if (!Number.isFinite(raw)) return NaN;
  const z = (raw - median) / spread;
  const t = Math.asinh(Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, z)));
  return (1 + t / (1 + Math.abs(t))) / 2;
}

/**
 * @param raws one per training row, at least one, all finite
 * @returns null where they are all the same. Where the middle half is, the spread is the standard deviation
 */
export function rawScaleOf(raws: Float64Array): RawScale | null {
  const sorted = raws.slice().sort();
  const spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  const scale = { median: quantile(sorted, 0.5), spread: spread > 0 ? spread : deviation(raws) };
  return scale.spread > 0 && Number.isFinite(scale.spread) ? scale : null;
}

/** Linear between the two neighbours, as numpy's default is. */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

/** Of the population. */
export function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0));
}
