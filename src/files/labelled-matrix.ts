import { closest } from 'fastest-levenshtein';
import type { Matrix } from '../detect/detector.js';
import { UnusableFileError } from '../errors.js';
import { readRows } from './read-rows.js';

export interface LabelledMatrix extends Matrix {
  readonly features: readonly string[];
  /** 1 for an anomaly, one per row. */
  readonly labels: Uint8Array;
}

/** Every column but the label as a number. @throws UnusableFileError naming file, row and column */
export async function readLabelledMatrix(file: string, label: string): Promise<LabelledMatrix> {
  const values: number[] = [];
  const labels: number[] = [];
  let features: string[] | null = null;
  for await (const row of readRows(file)) {
    if (features === null) {
      const columns = Object.keys(row);
      if (!columns.includes(label))
        throw new UnusableFileError(
          `${file}: there is no column '${label}'; the nearest is '${closest(label, columns)}'`,
        );
      features = columns.filter((column) => column !== label);
    }
    for (const column of features) {
      const number = row[column] === '' ? NaN : Number(row[column]);
      if (!Number.isFinite(number))
        throw new UnusableFileError(
          `${file}: row ${labels.length}, column '${column}': '${String(row[column])}' is not a finite number`,
        );
      values.push(number);
    }
    labels.push(labelOf(file, labels.length, row[label]));
  }
  if (features === null || features.length === 0)
    throw new UnusableFileError(`${file}: no rows with a feature`);
  return {
    features,
    values: Float64Array.from(values),
    rows: labels.length,
    width: features.length,
    labels: Uint8Array.from(labels),
  };
}

function labelOf(file: string, row: number, value: unknown): number {
  if (value === true || value === 'true') return 1;
  if (value === false || value === 'false') return 0;
  const number = Number(value);
  if (value === '' || (number !== 0 && number !== 1))
    throw new UnusableFileError(`${file}: row ${row}: the label '${String(value)}' is not 0 or 1`);
  return number;
}
