import { type Matrix } from './detector.js';

/** Brings each column to one scale: (value - center) / scale. One number for each column; scales are above 0. */
export interface StandardScale {
  readonly center: Float64Array;
  readonly scale: Float64Array;
}

/**
 * Mean and standard deviation of each column. A column that does not vary has its own size as scale (1 where it is 0):
 * what differs from it by as much as it is large counts as one standard deviation.
 * @param data all finite, at least one row
 */
export function standardScale({ values, rows, width }: Matrix): StandardScale {
  const center = new Float64Array(width);
  const scale = new Float64Array(width);
  for (let column = 0; column < width; column++) {
    let largest = 0;
    for (let row = 0; row < rows; row++)
      largest = Math.max(largest, Math.abs(values[row * width + column] as number));
    // Divided by the largest first: squares of large numbers would be infinite.
    const unit = largest === 0 ? 1 : largest;
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += (values[row * width + column] as number) / unit;
    const mean = sum / rows;
    let squares = 0;
    for (let row = 0; row < rows; row++) {
      const off = (values[row * width + column] as number) / unit - mean;
      squares += off * off;
    }
    const deviation = Math.sqrt(squares / rows);
    center[column] = mean * unit;
    // What is left of a constant column is the rounding of its mean.
    scale[column] = deviation > CONSTANT_DEVIATION ? deviation * unit : unit;
    if (scale[column] === 0) scale[column] = Number.MIN_VALUE;
  }
  return { center, scale };
}

const CONSTANT_DEVIATION = 1e-13;

/** @param scaled takes rows × width numbers; may be the values themselves */
export function applyScale(
  { center, scale }: StandardScale,
  values: Float64Array,
  rows: number,
  scaled: Float64Array,
): void {
  const width = center.length;
  for (let row = 0; row < rows; row++) {
    const base = row * width;
    for (let column = 0; column < width; column++)
      scaled[base + column] =
        ((values[base + column] as number) - (center[column] as number)) / (scale[column] as number);
  }
}
