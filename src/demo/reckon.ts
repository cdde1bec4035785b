import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { rankingQuality } from '../detect/ranking.js';
import type { LabelledMatrix } from '../files/labelled-matrix.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { readTopic } from '../kafka/topic-reader.js';
import { prepareScorer } from '../pipeline/setup.js';
import type { DemoOptions, DemoResult } from './demo-options.js';
import { type ProducedEvent, Reckoner, scoreOffline } from './reckoning.js';

/** Reads both output topics from their beginning, committed records only, and holds them against the offline scores. */
export async function reckon(
  config: Config,
  data: LabelledMatrix,
  produced: readonly ProducedEvent[],
  { log, signal }: DemoOptions,
): Promise<DemoResult> {
  const offline = await scoreOffline(config.input.topic, produced, await prepareScorer(config));
  const reckoner = new Reckoner(offline.expected);
  await readAll(config, config.output.anomalies, log, signal, (value) => reckoner.add(value));
  let deadLetters = 0;
  await readAll(config, config.output.deadLetters, log, signal, () => deadLetters++);
  const { anomalies, missing, duplicates, wrong } = reckoner.finish();
  const labels = Uint8Array.from(offline.rows, (row) => data.labels[row] as number);
  const { auroc, averagePrecision } = rankingQuality(offline.scores, labels);
  return {
    wrong,
    expectedDeadLetters: offline.rejects,
    summary: {
      events: produced.length,
      anomalies,
      deadLetters,
      missing,
      duplicates,
      auroc: round(auroc, 4),
      averagePrecision: round(averagePrecision, 4),
      eventsPerSecond: 0,
      ageMs: { p50: 0, p99: 0 },
      workers: 0,
      seconds: 0,
    },
  };
}

async function readAll(
  config: Config,
  topic: string,
  log: Logger,
  signal: AbortSignal,
  take: (value: Buffer) => void,
): Promise<void> {
  await using admin = new KafkaAdmin(config.kafka, log);
  const { from, to } = await admin.extent(topic);
  for await (const { records } of readTopic({
    kafka: config.kafka,
    topic,
    groupPrefix: `${config.group}.check`,
    from,
    to,
    log,
    signal,
  })) {
    for (const { value } of records) take(value ?? Buffer.alloc(0));
  }
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
