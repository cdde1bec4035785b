/**
 * The scale for `unitScore`: the median of the training rows' distances, so that a typical row scores 0.5. Where half
 * of the rows stand in the centre the median of the others, where all do 1.
 * @param distances non-negative; sorted in place
 */
export function typicalDistance(distances: Float64Array): number {
  distances.sort();
  const above = distances.subarray(distances.findIndex((distance) => distance > 0));
  const median = distances[distances.length >> 1] as number;
  if (median > 0) return Math.min(median, Number.MAX_VALUE);
  return (above[0] as number) > 0 ? Math.min(above[above.length >> 1] as number, Number.MAX_VALUE) : 1;
}
