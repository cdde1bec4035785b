import { type Matrix, TrainingFault } from './detector.js';
import { plural } from '../plural.js';
import { quantileOf } from './quantile.js';

/** Where a feature's values lie, and how far they spread; both finite, `scale` above 0. */
export interface ColumnScale {
  readonly centre: number;
  readonly scale: number;
  readonly by: 'mad' | 'iqr' | 'standard-deviation' | 'constant';
}

/** A constant feature's scale, as a share of its value (of 1 where that is 0). */
const CONSTANT_SCALE = 1e-3;

/**
 * Median and spread of each column. The spread is the first of these that is not 0: the median absolute deviation ×
 * 1.4826, the interquartile range / 1.349 (both the standard deviation of normal data), the root mean square deviation
 * from the median. A column that is constant has a thousandth of its value: any change of it is very strange, and a
 * larger one stranger.
 * @throws TrainingFault when every column is constant
 */
export function columnScales({ values, rows, width }: Matrix): ColumnScale[] {
  const scales = Array.from({ length: width }, (_, column) =>
    columnScale(Float64Array.from({ length: rows }, (_, row) => values[row * width + column] as number)),
  );
  if (scales.every(({ by }) => by === 'constant')) throw new TrainingFault('every feature is constant');
  return scales;
}

/** What to tell of columns that have no usual spread. */
export function scaleNotes(scales: readonly ColumnScale[]): string[] {
  const count = (wanted: readonly ColumnScale['by'][]): number =>
    scales.filter(({ by }) => wanted.includes(by)).length;
  const constant = count(['constant']);
  const other = count(['iqr', 'standard-deviation']);
  return [
    ...(constant === 0
      ? []
      : [
          `${constant} of ${plural(scales.length, 'feature')} ${constant === 1 ? 'is' : 'are'} constant: any change of them counts as strange`,
        ]),
    ...(other === 0
      ? []
      : [
          `${other} of ${plural(scales.length, 'feature')} ${other === 1 ? 'has' : 'have'} a median absolute deviation of 0; a wider spread stands in for it`,
        ]),
  ];
}

/** @param column its values; overwritten */
function columnScale(column: Float64Array): ColumnScale {
  column.sort();
  const lowest = column[0] as number;
  const highest = column[column.length - 1] as number;
  if (lowest === highest)
    return {
      centre: lowest,
      scale: lowest === 0 ? CONSTANT_SCALE : positive(Math.abs(lowest) * CONSTANT_SCALE),
      by: 'constant',
    };
  // By a power of two, which loses nothing, so that no difference or sum overflows.
  const unit = 2 ** Math.max(-1000, Math.ceil(Math.log2(Math.max(-lowest, highest))) - 1);
  for (let i = 0; i < column.length; i++) column[i] = (column[i] as number) / unit;
  const centre = quantileOf(column, 0.5);
  const [spread, by] = spreadOf(column, centre);
  return { centre: centre * unit, scale: positive(spread * unit), by };
}

const positive = (scale: number): number => Math.min(Number.MAX_VALUE, Math.max(Number.MIN_VALUE, scale));

function spreadOf(sorted: Float64Array, centre: number): [number, ColumnScale['by']] {
  const deviations = sorted.map((value) => Math.abs(value - centre)).sort();
  const mad = quantileOf(deviations, 0.5) * 1.482602218505602;
  if (mad > 0) return [mad, 'mad'];
  const iqr = (quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25)) / 1.3489795003921634;
  if (iqr > 0) return [iqr, 'iqr'];
  const largest = deviations.at(-1) as number;
  const sum = deviations.reduce((sum, deviation) => sum + (deviation / largest) ** 2, 0);
  return [largest * Math.sqrt(sum / deviations.length), 'standard-deviation'];
}
