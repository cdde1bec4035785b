import type { Matrix } from '../detector.js';

/** How a feature's value becomes a number that a network can take, and back. */
export interface InputScale {
  /** Taken away from the value. */
  readonly center: Float64Array;
  /** What is left is divided by this; above 0. */
  readonly unit: Float64Array;
  /** Beyond so many units a number grows with the logarithm of its distance only. */
  readonly limit: number;
}

/** A column whose spread is this small a part of its numbers differs by rounding. */
const CONSTANT_BELOW = 1e-12;

/**
 * Mean and standard deviation of each column. A column that is constant has its one value as the mean. Its unit is the
 * deviation that it would have if one row more had been seen, off by its own size, or by 1 if that is less: what never
 * happened in many rows counts as much as what happened once, a difference by rounding counts nothing, and a flag that
 * rises for the first time is √rows units away.
 * @returns the scale, and which columns are constant (1)
 */
export function columnScale(
  { values, rows, width }: Matrix,
  limit: number,
): { scale: InputScale; constant: Uint8Array } {
  const center = new Float64Array(width);
  const unit = new Float64Array(width);
  const constant = new Uint8Array(width);
  for (let column = 0; column < width; column++) {
    let largest = 0;
    for (let i = column; i < rows * width; i += width)
      largest = Math.max(largest, Math.abs(values[i] as number));
    // Sums are taken in parts of the largest number: those of numbers near the end of the range would be infinite.
    const part = largest || 1;
    let mean = 0;
    for (let i = column; i < rows * width; i += width) mean += (values[i] as number) / part;
    mean /= rows;
    let squares = 0;
    for (let i = column; i < rows * width; i += width) squares += ((values[i] as number) / part - mean) ** 2;
    const deviation = Math.sqrt(squares / rows);
    center[column] = mean * part;
    unit[column] = deviation * part;
    if (!(deviation > CONSTANT_BELOW) || unit[column] === 0) {
      constant[column] = 1;
      center[column] = values[column] as number;
      unit[column] = Math.max(largest, 1) / Math.sqrt(rows + 1);
    }
  }
  return { scale: { center, unit, limit }, constant };
}

/** Hot path. A value of a column in units, finite for every finite value. */
export function scaled({ center, unit, limit }: InputScale, column: number, value: number): number {
  const units = (value - (center[column] as number)) / (unit[column] as number);
  const size = Math.abs(units);
  if (size <= limit) return units;
  const grown = limit * (1 + steps(Math.min(size, Number.MAX_VALUE) / limit));
  return units < 0 ? -grown : grown;
}

/** The value that `scaled` gives these units for, finite for all finite units. */
export function unscaled({ center, unit, limit }: InputScale, column: number, units: number): number {
  const size = Math.abs(units);
  const wide = size <= limit ? size : limit * stepsBack(size / limit - 1);
  const value = (center[column] as number) + Math.sign(units) * wide * (unit[column] as number);
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/**
 * log2 drawn with straight lines between the powers of two: exact on every machine, continuous, rising.
 * @param ratio at least 1, finite
 */
export function steps(ratio: number): number {
  let whole = 0;
  let rest = ratio;
  for (; rest >= LEAP; rest /= LEAP) whole += LEAP_STEPS;
  for (; rest >= 2; rest /= 2) whole++;
  return whole + (rest - 1);
}

function stepsBack(count: number): number {
  const whole = Math.floor(Math.min(count, LARGEST_STEPS));
  let ratio = 1 + (Math.min(count, LARGEST_STEPS) - whole);
  for (let i = 0; i < whole; i++) ratio *= 2;
  return ratio;
}

const LEAP_STEPS = 32;
const LEAP = 2 ** LEAP_STEPS;
/** Of the largest double. */
const LARGEST_STEPS = 1023;
