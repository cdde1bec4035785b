import { UsageError } from '../errors.js';
import { type FieldPath, parseFieldPath } from '../field-path.js';
import type { Row } from './read-rows.js';

/** `--map` entries: `COLUMN=PATH`, or `f*=values[*]` for a numbered run. */
export type ColumnMap = (column: string) => FieldPath | null;

interface Rename {
  matches(column: string): string | null;
}

/** @throws UsageError for an entry that is no map */
export function columnMap(entries: readonly string[]): ColumnMap {
  const renames = entries.map(parseEntry);
  const known = new Map<string, FieldPath | null>();
  return (column) => {
    let path = known.get(column);
    if (path === undefined) {
      const renamed = renames.map((rename) => rename.matches(column)).find((text) => text !== null);
      path = parseFieldPath(renamed ?? column);
      known.set(column, path);
    }
    return path;
  };
}

function parseEntry(entry: string): Rename {
  const at = entry.indexOf('=');
  const [from, to] = [entry.slice(0, at), entry.slice(at + 1)];
  const sample = to.replaceAll('*', '0');
  if (at < 1 || parseFieldPath(sample) === null || from.split('*').length > 2) {
    throw new UsageError(
      `--map ${entry}: write COLUMN=PATH, as in --map 'temp=payload.temperature' or --map 'f*=values[*]'`,
    );
  }
  if (!from.includes('*')) return { matches: (column) => (column === from ? to : null) };
  const [head = '', tail = ''] = from.split('*');
  return {
    matches: (column) => {
      if (!column.startsWith(head) || !column.endsWith(tail) || column.length <= head.length + tail.length)
        return null;
      const number = column.slice(head.length, column.length - tail.length);
      return /^\d+$/.test(number) ? to.replaceAll('*', number) : null;
    },
  };
}

/** A row's values in the places that their columns name: `values[0]`, `values[1]` become an array. */
export function nest(row: Row, map: ColumnMap): Row {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [column, value] of Object.entries(row)) {
    const path = map(column);
    if (path !== null) place(root, path, value);
  }
  return root;
}

type Container = Record<string | number, unknown>;

function place(root: Record<string, unknown>, path: FieldPath, value: unknown): void {
  let container: Container = root;
  for (const [i, segment] of path.entries()) {
    if (i === path.length - 1) {
      container[segment] = value;
      return;
    }
    const next = container[segment];
    if (typeof next === 'object' && next !== null) container = next as Container;
    else
      container = container[segment] = (
        typeof path[i + 1] === 'number' ? [] : Object.create(null)
      ) as Container;
  }
}

/**
 * Passes rows on after seeing that every `--map` entry names a column of the first one.
 * @throws UsageError naming the entry and the nearest column
 */
export async function* withMappedColumns(
  rows: AsyncIterable<Row>,
  entries: readonly string[],
): AsyncGenerator<Row> {
  let isFirst = true;
  for await (const row of rows) {
    if (isFirst) checkColumns(Object.keys(row), entries);
    isFirst = false;
    yield row;
  }
}

function checkColumns(columns: readonly string[], entries: readonly string[]): void {
  for (const entry of entries) {
    const { matches } = parseEntry(entry);
    if (columns.some((column) => matches(column) !== null)) continue;
    throw new UsageError(
      `--map ${entry}: the data have no such column; they have ${columns.slice(0, 12).join(', ')}`,
    );
  }
}
