import { type StandardScale, applyScale } from '../standard-scale.js';
import type { Matrix } from '../detector.js';
import { takeRows } from '../take-rows.js';
import { type Metric, Neighbours } from './neighbours.js';

/** Scaled rows that others are held against, sorted by their distance to the pivot, which is the scale's center. */
export interface Reference {
  readonly reference: Float64Array;
  readonly toPivot: Float64Array;
  /** Which row of the data stands at each place. */
  readonly order: Int32Array;
}

/** @param drawn rows of the data */
export function sortedReference(
  data: Matrix,
  columns: StandardScale,
  drawn: Int32Array,
  metric: Metric,
): Reference {
  const { width } = data;
  const scaled = takeRows(data, drawn).values;
  applyScale(columns, scaled, drawn.length, scaled);
  const origin = new Float64Array(width);
  const single = new Neighbours(origin, Float64Array.of(0), origin, metric, 1);
  const distances = Float64Array.from(drawn, (_, i) => {
    single.find(scaled, i * width, -1);
    return single.distances[0] as number;
  });
  const sorted = Int32Array.from(drawn.keys()).sort(
    (a, b) => (distances[a] as number) - (distances[b] as number) || a - b,
  );
  return {
    reference: takeRows({ values: scaled, width }, sorted).values,
    toPivot: Float64Array.from(sorted, (i) => distances[i] as number),
    order: Int32Array.from(sorted, (i) => drawn[i] as number),
  };
}

/** @param count neighbours that are looked for, at most one less than there are rows */
export function neighboursIn(
  { reference, toPivot }: Omit<Reference, 'order'>,
  width: number,
  metric: Metric,
  count: number,
): Neighbours {
  const possible = Math.min(count, Math.max(1, toPivot.length - 1));
  return new Neighbours(reference, toPivot, new Float64Array(width), metric, possible);
}
