import type { SourceBatch } from '../model.js';
import { type RecordColumns, columnsOf } from '../record-columns.js';

/**
 * A batch from a position on, in parts of at most so many records; at least one, for a tail of control records.
 * @param border an offset that no part lies across
 */
export function* slices(
  batch: SourceBatch,
  position: number,
  recordsMax: number,
  border = 0,
): Generator<SourceBatch> {
  const records = columnsOf(batch.records);
  let from = batch.fetchedOffset === position ? 0 : firstIndexAt(records, position);
  do {
    const start = from;
    const borderIndex =
      start < records.length && (records.offsets[start] as number) < border
        ? firstIndexAt(records, border)
        : records.length;
    const end = Math.min(start + recordsMax, borderIndex);
    yield {
      ...batch,
      records: records.slice(start, end),
      headersOf: (index) => batch.headersOf(start + index),
      nextOffset: end === records.length ? batch.nextOffset : (records.offsets[end] as number),
    };
    from = end;
  } while (from < records.length);
}

/** The index of the first record at or after an offset; the number of records where there is none. */
export function firstIndexAt({ offsets, length }: RecordColumns, position: number): number {
  const index = offsets.findIndex((offset) => offset >= position);
  return index < 0 ? length : index;
}
