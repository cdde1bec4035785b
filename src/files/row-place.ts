import { type Row, formatOf, readLines, readRows } from './read-rows.js';

/** A row as it stands in its file. */
export interface FoundRow {
  readonly row: Row;
  /** Line on which it ends, the first is 1; null for a file without lines. */
  readonly line: number | null;
}

/**
 * Reads a file once more, up to one row of it: for messages, so that nobody has to count lines who has no message.
 * @param number the first is 0
 * @returns null where the file has ended before
 */
export async function findRow(file: string, number: number): Promise<FoundRow | null> {
  let at = 0;
  if (formatOf(file) === 'avro') {
    for await (const row of readRows(file)) if (at++ === number) return { row, line: null };
  } else {
    for await (const found of readLines(file)) if (at++ === number) return found;
  }
  return null;
}

/** @param number the first is 0 @returns "row 1 (the first is 0), line 3" */
export async function placeOfRow(file: string, number: number): Promise<string> {
  const line = (await findRow(file, number))?.line ?? null;
  return `row ${number} (the first is 0)${line === null ? '' : `, line ${line}`}`;
}
