import type { Matrix } from '../detect/detector.js';
import { UnusableFileError } from '../errors.js';
import { nearest } from '../nearest.js';
import { plural } from '../plural.js';
import { numericCell } from './numeric-cell.js';
import { type Row, readRows } from './read-rows.js';
import { placeOfRow } from './row-place.js';

export interface LabelledMatrix extends Matrix {
  readonly features: readonly string[];
  /** 1 for an anomaly, one per row. */
  readonly labels: Uint8Array;
}

/**
 * Every column but the label as a number.
 * @throws UnusableFileError naming file, row and column, and where the labels are all the same
 */
export async function readLabelledMatrix(file: string, label: string): Promise<LabelledMatrix> {
  const values: number[] = [];
  const labels: number[] = [];
  let features: readonly string[] | null = null;
  for await (const row of readRows(file)) {
    features ??= featuresOf(file, row, label);
    const wrong = addRow(row, features, label, values, labels);
    if (wrong === null) continue;
    const { column, message } = wrong;
    throw new UnusableFileError(
      `${file}: ${await placeOfRow(file, labels.length)}, column '${column}': ${message}`,
    );
  }
  if (features === null) throw new UnusableFileError(`${file}: there are no rows`);
  checkLabels(file, label, labels);
  return {
    features,
    values: Float64Array.from(values),
    rows: labels.length,
    width: features.length,
    labels: Uint8Array.from(labels),
  };
}

function featuresOf(file: string, row: Row, label: string): string[] {
  const columns = Object.keys(row);
  if (!columns.includes(label)) {
    const near = nearest(label, columns);
    throw new UnusableFileError(
      `${file}: there is no column '${label}'; ${near === null ? `there are ${columns.slice(0, 12).join(', ')}` : `the nearest is '${near}'`}; name it with --label`,
    );
  }
  if (columns.length === 1)
    throw new UnusableFileError(`${file}: there is no column beside '${label}' to learn from`);
  return columns.filter((column) => column !== label);
}

/** @returns what is wrong, or null when the row was added */
function addRow(
  row: Row,
  features: readonly string[],
  label: string,
  values: number[],
  labels: number[],
): { column: string; message: string } | null {
  for (const column of features) {
    const number = numericCell(row[column]);
    if (typeof number === 'string') return { column, message: `the cell ${number}` };
    values.push(number);
  }
  const value = labelOf(row[label]);
  if (typeof value === 'string') return { column: label, message: `the label ${value}` };
  labels.push(value);
  return null;
}

function labelOf(cell: unknown): number | string {
  if (cell === 'true') return 1;
  if (cell === 'false') return 0;
  const number = numericCell(cell);
  if (number === 0 || number === 1 || number === 'is empty') return number;
  return `is ${JSON.stringify(cell)}, not 0 or 1`;
}

/** Without both kinds of rows there is nothing to tell apart. */
function checkLabels(file: string, label: string, labels: readonly number[]): void {
  for (const [value, name] of [
    [1, 'anomaly'],
    [0, 'normal row'],
  ] as const)
    if (!labels.includes(value))
      throw new UnusableFileError(
        `${file}: column '${label}' has no ${value} in ${plural(labels.length, 'row')}: without one ${name} there is nothing to tell apart`,
      );
}
