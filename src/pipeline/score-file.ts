import type { Config } from '../config/config.js';
import type { ColumnMap } from '../files/column-map.js';
import { fileBatches } from '../files/file-batches.js';
import type { Row } from '../files/read-rows.js';
import { Scorer } from './scorer.js';
import { prepareJudge, prepareReading } from './setup.js';
import { fileDecoder } from './training-data.js';

/** What is said of a row: a verdict, or why there is none. */
export type RowVerdict =
  | { readonly row: number; readonly score: number; readonly isAnomaly: boolean; readonly threshold: number }
  | { readonly row: number; readonly error: string; readonly reason: string };

/** The stages of a topic's events on the rows of a file, in the order of the rows, some thousands at a time. */
export async function* scoreRows(
  rows: AsyncIterable<Row>,
  map: ColumnMap,
  config: Config,
  signal: AbortSignal,
): AsyncGenerator<readonly RowVerdict[]> {
  const reading = prepareReading(config, 'features');
  const judge = await prepareJudge(config, reading);
  const scorer = new Scorer(fileDecoder(config, reading), reading.features, judge);
  for await (const { batch, rows: numbers, rejected } of fileBatches(
    rows,
    map,
    reading.reader,
    reading.plan,
  )) {
    signal.throwIfAborted();
    const { fields, features, scores, rejects } = await scorer.score(batch, signal);
    const verdicts: RowVerdict[] = rejected.map(({ row, message }) => ({
      row,
      error: message,
      reason: 'undecodable',
    }));
    for (const { index, reason, message } of rejects)
      verdicts.push({ row: numbers[index] as number, error: message, reason });
    for (let i = 0; i < features.rows; i++) {
      const score = scores[i] as number;
      if (Number.isNaN(score)) continue;
      const row = numbers[fields.source[features.row[i] as number] as number] as number;
      verdicts.push({ row, score, isAnomaly: score >= judge.threshold, threshold: judge.threshold });
    }
    yield verdicts.sort((a, b) => a.row - b.row);
  }
}
