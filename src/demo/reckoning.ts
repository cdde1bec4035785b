import type { Scorer } from '../pipeline/scorer.js';
import type { SourceBatch, SourceRecord } from '../model.js';
import { type Anomaly, anomalyId, decodeAnomaly } from '../publish/anomaly-record.js';

/** An event as it was produced, with the place where the broker put it. */
export interface ProducedEvent {
  readonly row: number | null;
  readonly value: Buffer;
  readonly partition: number;
  readonly offset: number;
}

export interface OfflineScores {
  /** One per row of the data set that was produced, in the order of the events. */
  readonly scores: Float64Array;
  readonly rows: readonly number[];
  /** Score by id of the verdicts that have to be on the topic. */
  readonly expected: ReadonlyMap<string, number>;
  readonly rejects: number;
}

/** Scores the very bytes that were produced, without Kafka and in one batch: what the fleet has to agree with. */
export async function scoreOffline(
  topic: string,
  events: readonly ProducedEvent[],
  scorer: Scorer,
): Promise<OfflineScores> {
  const records: SourceRecord[] = events.map(({ value, offset }) => ({
    offset: String(offset),
    timestamp: '0',
    key: null,
    value,
  }));
  const batch: SourceBatch = {
    topic,
    partition: 0,
    records,
    headersOf: () => [],
    fetchedOffset: 0,
    nextOffset: records.length,
    highWatermark: records.length,
  };
  const { fields, features, scores, rejects } = await scorer.score(batch, new AbortController().signal);
  const { identity, threshold } = scorer.judge;
  const expected = new Map<string, number>();
  const rows: number[] = [];
  for (let i = 0; i < features.rows; i++) {
    const event = events[fields.source[features.row[i] as number] as number] as ProducedEvent;
    rows.push(event.row ?? -1);
    const score = scores[i] as number;
    if (score >= threshold) expected.set(anomalyId(topic, event.partition, event.offset, identity), score);
  }
  return { scores: scores.subarray(0, features.rows), rows, expected, rejects: rejects.length };
}

export interface Reckoning {
  readonly anomalies: number;
  readonly missing: number;
  readonly duplicates: number;
  /** On the topic although they should not be, or with another score than offline. */
  readonly wrong: number;
}

/** Holds what stands on the output topic against the offline scores, bit by bit. */
export class Reckoner {
  private readonly seen = new Map<string, number>();
  private wrong = 0;
  private anomalies = 0;

  constructor(private readonly expected: ReadonlyMap<string, number>) {}

  add(value: Buffer): Anomaly {
    const anomaly = decodeAnomaly(value);
    this.anomalies++;
    this.seen.set(anomaly.id, (this.seen.get(anomaly.id) ?? 0) + 1);
    if (!Object.is(this.expected.get(anomaly.id), anomaly.score)) this.wrong++;
    return anomaly;
  }

  finish(): Reckoning {
    const missing = [...this.expected.keys()].filter((id) => !this.seen.has(id)).length;
    const duplicates = [...this.seen.values()].reduce((sum, times) => sum + times - 1, 0);
    return { anomalies: this.anomalies, missing, duplicates, wrong: this.wrong };
  }
}
