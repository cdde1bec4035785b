import type { Type } from 'avsc';
import type { FieldPlan } from '../decode/field-plan.js';
import type { SourceBatch, SourceRecord } from '../model.js';
import type { ColumnMap } from './column-map.js';
import { nest } from './column-map.js';
import type { Row } from './read-rows.js';
import { encodeRow } from './to-avro.js';

/** Rows that are encoded and scored at a time. */
const BATCH_ROWS = 10_000;

/** A batch of a file, and which rows of the file its records are. */
export interface FileBatch {
  readonly batch: SourceBatch;
  readonly rows: readonly number[];
  /** Rows that the schema does not take, and the field that is to blame. */
  readonly rejected: readonly { readonly row: number; readonly path: string; readonly message: string }[];
}

/**
 * A file's rows as batches of raw Avro, so that they go through the stages that a topic's events go through. Fields
 * that no feature needs may be absent.
 */
export async function* fileBatches(
  rows: AsyncIterable<Row>,
  map: ColumnMap,
  reader: Type,
  plan: FieldPlan,
): AsyncGenerator<FileBatch> {
  let records: SourceRecord[] = [];
  let numbers: number[] = [];
  let rejected: { row: number; path: string; message: string }[] = [];
  let row = 0;
  for await (const columns of rows) {
    const body = encodeRow(reader, nest(columns, map), { wanted: plan.root });
    if (Buffer.isBuffer(body)) {
      records.push({ offset: String(row), timestamp: '0', key: null, value: body });
      numbers.push(row);
    } else {
      rejected.push({ row, path: body.path, message: `${body.path} ${body.message}` });
    }
    row++;
    if (records.length + rejected.length >= BATCH_ROWS) yield flush();
  }
  if (records.length + rejected.length > 0) yield flush();

  function flush(): FileBatch {
    const done = { batch: fileBatch(records, row), rows: numbers, rejected };
    [records, numbers, rejected] = [[], [], []];
    return done;
  }
}

function fileBatch(records: readonly SourceRecord[], nextOffset: number): SourceBatch {
  const fetchedOffset = Number(records[0]?.offset ?? nextOffset);
  return {
    topic: 'file',
    partition: 0,
    records,
    headersOf: () => [],
    fetchedOffset,
    nextOffset,
    highWatermark: nextOffset,
  };
}
