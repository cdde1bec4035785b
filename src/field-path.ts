/**
 * Where a value stands in an event: `amount`, `payload.cpu`, `values[3]` (the same as `values.3`).
 * The same syntax names features, CSV columns, the entity and the event time.
 */
export type FieldPath = readonly (string | number)[];

const SEGMENT = /^([A-Za-z_][A-Za-z0-9_-]*|\d+)((?:\[\d+\])*)$/;
const RANGE = /^(.*)\[(\d+)\.\.(\d+)\](.*)$/;

/** Widest range a single feature entry may stand for. */
export const RANGE_WIDTH_MAX = 4096;

/** @returns the segments, or null when the text is not a path. */
export function parseFieldPath(text: string): FieldPath | null {
  const segments: (string | number)[] = [];
  for (const part of text.split('.')) {
    const match = SEGMENT.exec(part);
    if (match === null) return null;
    const [, name = '', indices = ''] = match;
    segments.push(/^\d+$/.test(name) ? Number(name) : name);
    for (const [, index] of indices.matchAll(/\[(\d+)\]/g)) segments.push(Number(index));
  }
  return typeof segments[0] === 'string' ? segments : null;
}

/** The one way a path is written: `values[3].x`. */
export function formatFieldPath(path: FieldPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** `values[0..2]` becomes `values[0]`, `values[1]`, `values[2]`; anything else stays as it is. Null: a range that is no range. */
export function expandRange(text: string): readonly string[] | null {
  const match = RANGE.exec(text);
  if (match === null) return [text];
  const [, head = '', first = '', last = '', tail = ''] = match;
  const from = Number(first);
  const to = Number(last);
  if (to < from || to - from >= RANGE_WIDTH_MAX) return null;
  return Array.from({ length: to - from + 1 }, (_, i) => `${head}[${from + i}]${tail}`);
}
