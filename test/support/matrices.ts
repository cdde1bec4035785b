import type { Matrix } from '../../src/detect/detector.js';
import { seededRandom } from '../../src/detect/random.js';

/** Independent standard normal numbers. */
export function gaussian(rows: number, width: number, seed = 1): Matrix {
  const normal = normalSource(seed);
  return { values: Float64Array.from({ length: rows * width }, normal), rows, width };
}

/** Columns that share one factor, each with its own unit: what one of them is says much about the others. */
export function correlated(rows: number, width: number, seed = 1): Matrix {
  const normal = normalSource(seed);
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const shared = normal();
    for (let column = 0; column < width; column++)
      values[row * width + column] = (shared + 0.5 * normal()) * 10 ** (column - 2) + column;
  }
  return { values, rows, width };
}

function normalSource(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function rowsOf({ values, width }: Matrix, from: number, rows: number): Matrix {
  return { values: values.slice(from * width, (from + rows) * width), rows, width };
}

/** Standard deviation of a column. */
export function deviationOf({ values, rows, width }: Matrix, column: number): number {
  let mean = 0;
  for (let row = 0; row < rows; row++) mean += (values[row * width + column] as number) / rows;
  let squares = 0;
  for (let row = 0; row < rows; row++) squares += ((values[row * width + column] as number) - mean) ** 2;
  return Math.sqrt(squares / rows);
}
