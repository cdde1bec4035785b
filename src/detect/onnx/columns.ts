import type { Matrix } from '../detector.js';
import { quantileOf } from '../quantile.js';
import { deviation } from './bounded-score.js';

/** What is known of each feature from the training rows. */
export interface Columns {
  readonly mean: Float64Array;
  /** Of the population; 1 for a feature that does not vary. */
  readonly deviation: Float64Array;
  readonly median: Float64Array;
}

export function columnsOf({ values, rows, width }: Matrix): Columns {
  const columns: Columns = {
    mean: new Float64Array(width),
    deviation: new Float64Array(width),
    median: new Float64Array(width),
  };
  const column = new Float64Array(rows);
  for (let i = 0; i < width; i++) {
    for (let row = 0; row < rows; row++) column[row] = values[row * width + i] as number;
    columns.mean[i] = column.reduce((sum, value) => sum + value / rows, 0);
    const spread = deviation(column);
    columns.deviation[i] = spread > 0 && Number.isFinite(spread) ? spread : 1;
    columns.median[i] = quantileOf(column.sort(), 0.5);
  }
  return columns;
}

/** (value − mean) / deviation of each feature, as scikit-learn's StandardScaler has it. */
export function standardised(values: Float64Array, { mean, deviation: by }: Columns): Float64Array {
  const width = mean.length;
  return values.map((value, i) => (value - (mean[i % width] as number)) / (by[i % width] as number));
}

export function unstandardised(values: Float64Array, { mean, deviation: by }: Columns): Float64Array {
  const width = mean.length;
  return values.map((value, i) => value * (by[i % width] as number) + (mean[i % width] as number));
}
