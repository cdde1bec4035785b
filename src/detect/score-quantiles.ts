/** How many points of the training scores' distribution a model keeps. */
export const QUANTILE_POINTS_MAX = 10_000;

/** Default share of the training rows that counts as anomalous. */
export const CONTAMINATION_DEFAULT = 0.01;

/**
 * The training scores, largest first, thinned evenly to at most QUANTILE_POINTS_MAX points (first and last kept).
 * @param scores one per training row, at least one
 */
export function scoreQuantiles(scores: Float64Array): Float64Array {
  const descending = scores.slice().sort().reverse();
  if (descending.length <= QUANTILE_POINTS_MAX) return descending;
  const step = (descending.length - 1) / (QUANTILE_POINTS_MAX - 1);
  return Float64Array.from(
    { length: QUANTILE_POINTS_MAX },
    (_, i) => descending[Math.round(i * step)] as number,
  );
}

/**
 * The score that the strangest share of the training rows reaches.
 * @param quantiles from scoreQuantiles
 * @param contamination share in (0, 0.5]
 */
export function thresholdFor(quantiles: Float64Array, contamination: number): number {
  const rank = Math.max(1, Math.round(contamination * quantiles.length));
  return quantiles[Math.min(rank, quantiles.length) - 1] as number;
}
