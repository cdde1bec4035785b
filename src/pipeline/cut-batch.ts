import type { SourceBatch } from '../model.js';
import { columnsOf } from '../record-columns.js';
import { firstIndexAt } from './batch-slices.js';

/** What of a batch stands before an offset. */
export function cutBatch(batch: SourceBatch, end: number): SourceBatch {
  if (batch.nextOffset <= end) return batch;
  const records = columnsOf(batch.records);
  return { ...batch, records: records.slice(0, firstIndexAt(records, end)), nextOffset: end };
}
