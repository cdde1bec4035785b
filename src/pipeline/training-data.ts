import type { Config } from '../config/config.js';
import type { ColumnMap } from '../files/column-map.js';
import { fileBatches } from '../files/file-batches.js';
import type { Row } from '../files/read-rows.js';
import { EventDecoder } from '../decode/event-decoder.js';
import { type EventReading, prepareReading } from './setup.js';
import { TrainingCollector, type TrainingData } from './training-collector.js';

/** A file to learn from. */
export interface TrainingFile {
  readonly rows: AsyncIterable<Row>;
  /** Names it in errors. */
  readonly name: string;
  readonly map: ColumnMap;
}

/**
 * @param reading for `training`
 * @throws UnusableFileError when the file cannot be read
 */
export async function trainingDataFromFile(
  { rows, name, map }: TrainingFile,
  config: Config,
  reading: EventReading,
  signal: AbortSignal,
): Promise<TrainingData> {
  const collector = new TrainingCollector(reading, fileDecoder(config, reading), name, 'none');
  // Nobody has to have the time: where it is absent it is empty, and not a reason to do without the row.
  const { plan } = prepareReading(config, 'features');
  for await (const { batch, rejected } of fileBatches(rows, map, reading.reader, plan)) {
    signal.throwIfAborted();
    for (const { row, message } of rejected) collector.reject(row, message);
    await collector.add(batch, signal);
  }
  return { ...collector.finish(), sampled: null };
}

/** A decoder for what fileBatches makes: bodies without a frame. */
export function fileDecoder(config: Config, { reader, plan }: EventReading): EventDecoder {
  const schemas = { find: () => Promise.resolve(new Map()) };
  return new EventDecoder({
    encoding: 'raw',
    reader,
    plan,
    schemas,
    maxEventBytes: config.input.maxEventBytes,
  });
}
