import type { SourceBatch } from '../model.js';
import { type RecordColumns, columnsOf } from '../record-columns.js';

/** A batch from a position on, in parts of at most so many records; at least one, for a tail of control records. */
export function* slices(batch: SourceBatch, position: number, recordsMax: number): Generator<SourceBatch> {
  const records = columnsOf(batch.records);
  let from = batch.fetchedOffset === position ? 0 : firstIndexAt(records, position);
  do {
    const start = from;
    const end = Math.min(start + recordsMax, records.length);
    yield {
      ...batch,
      records: records.slice(start, end),
      headersOf: (index) => batch.headersOf(start + index),
      nextOffset: end === records.length ? batch.nextOffset : (records.offsets[end] as number),
    };
    from = end;
  } while (from < records.length);
}

function firstIndexAt({ offsets, length }: RecordColumns, position: number): number {
  const index = offsets.findIndex((offset) => offset >= position);
  return index < 0 ? length : index;
}
