import type { FeatureSpec, Operand } from '../features/spec.js';
import { formatFieldPath } from '../field-path.js';
import type { ColumnMap } from '../files/column-map.js';
import { numericCell } from '../files/numeric-cell.js';
import type { Row } from '../files/read-rows.js';
import { findRow, placeOfRow } from '../files/row-place.js';
import type { RejectedRow } from './training-collector.js';

/**
 * Where in a file a row stands that cannot be used, and what of it is to blame: the file is read once more.
 * @returns "row 1 (the first is 0), line 3, column 'f1' (values[1]): the cell is empty"
 */
export async function saidUnusable(
  file: string,
  { row, message }: RejectedRow,
  map: ColumnMap,
  spec: FeatureSpec,
): Promise<string> {
  const place = await placeOfRow(file, row);
  const cells = (await findRow(file, row))?.row ?? {};
  for (const path of blamedPaths(message, spec)) {
    const blamed = blamedCell(cells, path, map);
    if (blamed !== null) return `${place}, ${blamed}`;
  }
  return `${place}: ${message}`;
}

/** A message begins with the field's path, or names the feature. */
function blamedPaths(message: string, { features, fields }: FeatureSpec): string[] {
  const field = fields.map(formatFieldPath).find((path) => message.startsWith(`${path} `));
  if (field !== undefined) return [field];
  const columns = new Set<number>();
  const collect = (operand: Operand): void => {
    if ('field' in operand) columns.add(operand.field);
    else collectOf(operand.feature);
  };
  const collectOf = (index: number): void => {
    const rule = features[index]?.rule;
    if (rule === undefined) return;
    collect(rule.of);
    if ('by' in rule) collect(rule.by);
  };
  collectOf(features.findIndex(({ name }) => message.startsWith(`feature ${name} is `)));
  return [...columns].map((column) => formatFieldPath(fields[column] ?? []));
}

/** @returns null where the cell is none to object to, or stands deeper in the row than a column */
function blamedCell(cells: Row, path: string, map: ColumnMap): string | null {
  const columns = Object.keys(cells);
  const column = columns.find((name) => formatFieldPath(map(name) ?? []) === path);
  if (column === undefined) {
    const isInside = columns.some((name) => path.startsWith(`${name}.`) || path.startsWith(`${name}[`));
    return isInside
      ? null
      : `no column for ${path}: there are ${columns.slice(0, 12).join(', ')}; --map COLUMN=${path} names it`;
  }
  const wrong = numericCell(cells[column]);
  if (typeof wrong === 'number') return null;
  return `column '${column}'${column === path ? '' : ` (${path})`}: the cell ${wrong}`;
}
