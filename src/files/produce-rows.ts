import { setTimeout as delay } from 'node:timers/promises';
import type { Type } from 'avsc';
import { UnusableFileError } from '../errors.js';
import type { FieldPath } from '../field-path.js';
import type { Delivery, OutgoingRecord } from '../model.js';
import { type ColumnMap, nest } from './column-map.js';
import type { Row } from './read-rows.js';
import { encodeRow } from './to-avro.js';

export interface ProducePlan {
  /** Names the rows in errors. */
  readonly source: string;
  readonly rows: AsyncIterable<Row>;
  readonly map: ColumnMap;
  readonly schema: Type;
  /** Stands before each body. */
  readonly frame: Buffer;
  readonly topic: string;
  readonly partitions: number;
  /** The field whose text is the record's key; null for records without a key. */
  readonly key: FieldPath | null;
  /** The field whose text chooses the partition; null for the key. */
  readonly partitionBy: FieldPath | null;
  readonly partitionOf: (key: Buffer | null, partitions: number) => number;
  /** Records per second; null for as fast as it goes. */
  readonly rate: number | null;
  readonly send: (records: readonly OutgoingRecord[]) => Promise<readonly Delivery[]>;
  readonly onProgress: (produced: number) => void;
  readonly signal: AbortSignal;
}

const BATCH_RECORDS = 5000;
/** With a rate, how often records go out. */
const PACE_INTERVAL_MS = 20;

/** @returns how many records were acknowledged. @throws UnusableFileError naming the row that does not fit the schema */
export async function produceRows(plan: ProducePlan): Promise<number> {
  const { rows, rate, send, onProgress, signal } = plan;
  const batchMax =
    rate === null
      ? BATCH_RECORDS
      : Math.max(1, Math.min(BATCH_RECORDS, Math.round((rate * PACE_INTERVAL_MS) / 1000)));
  const started = performance.now();
  let waiting: OutgoingRecord[] = [];
  let produced = 0;
  let row = 0;
  for await (const columns of rows) {
    waiting.push(toRecord(plan, columns, row++, produced));
    if (waiting.length >= batchMax) await flush();
    if (signal.aborted) break;
  }
  await flush();
  return produced;

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    await send(waiting);
    produced += waiting.length;
    waiting = [];
    onProgress(produced);
    if (rate === null) return;
    const aheadMs = (produced * 1000) / rate - (performance.now() - started);
    if (aheadMs > 1) await delay(aheadMs, undefined, { signal }).catch(() => undefined);
  }
}

function toRecord(
  { source, map, schema, frame, topic, partitions, key, partitionBy, partitionOf }: ProducePlan,
  columns: Row,
  row: number,
  produced: number,
): OutgoingRecord {
  const event = nest(columns, map);
  const body = encodeRow(schema, event, 'strict');
  if (!Buffer.isBuffer(body))
    throw new UnusableFileError(
      `${source}: row ${row} (the first is 0): ${body.path} ${body.message}; ${produced} records are written already, none of row ${row} or later`,
    );
  const keyBytes = key === null ? null : textAt(event, key);
  const partition = partitionOf(partitionBy === null ? keyBytes : textAt(event, partitionBy), partitions);
  return { topic, partition, key: keyBytes, value: Buffer.concat([frame, body]), headers: [] };
}

function textAt(event: Row, path: FieldPath): Buffer | null {
  let value: unknown = event;
  for (const segment of path)
    value = (value as Record<string | number, unknown> | null | undefined)?.[segment];
  return value === undefined || value === null
    ? null
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');
}
