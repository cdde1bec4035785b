import type { SourceBatch } from '../model.js';

/** A batch from a position on, in parts of at most so many records; at least one, for a tail of control records. */
export function* slices(batch: SourceBatch, position: number, recordsMax: number): Generator<SourceBatch> {
  const { records } = batch;
  let from = firstIndexAt(batch, position);
  do {
    const start = from;
    const end = Math.min(start + recordsMax, records.length);
    yield {
      ...batch,
      records: records.slice(start, end),
      headersOf: (index) => batch.headersOf(start + index),
      nextOffset: end === records.length ? batch.nextOffset : Number(records[end]?.offset),
    };
    from = end;
  } while (from < records.length);
}

function firstIndexAt({ records, fetchedOffset }: SourceBatch, position: number): number {
  if (fetchedOffset === position) return 0;
  const index = records.findIndex(({ offset }) => Number(offset) >= position);
  return index < 0 ? records.length : index;
}
