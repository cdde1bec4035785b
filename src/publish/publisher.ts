import type {
  Clock,
  FeatureBatch,
  FieldBatch,
  ModelIdentity,
  OutgoingRecord,
  Reject,
  SourceBatch,
  SourceRecord,
} from '../model.js';
import { bytesAsText } from '../bytes-as-text.js';
import { type Anomaly, anomalyId } from './anomaly-record.js';
import { attemptsBefore, deadLetter } from './dead-letter.js';
import type { OutputTopic } from './output-topic.js';
import { fitsAlone } from './record-size.js';
import { verdictRecord } from './verdict-record.js';

/** What the publisher needs to know of who judges. */
export interface Verdict {
  readonly identity: ModelIdentity;
  readonly threshold: number;
  readonly features: readonly string[];
}

export interface PublisherOptions {
  readonly verdict: Verdict;
  readonly group: string;
  readonly anomalies: OutputTopic;
  readonly deadLetters: OutputTopic;
  /** Where dead letters go that were tried at least this often; absent: with the others. */
  readonly parking?: { readonly topic: OutputTopic; readonly attemptsMin: number };
  /** What stands before an anomaly's body. */
  readonly frame: Buffer;
  readonly clock: Clock;
  /** Of a replay; null, as where it is absent, for what is live. */
  readonly runId?: string | null;
}

export interface EventPublisher {
  /**
   * Says what scored rows cause.
   * @throws OutriderError where it has to ask somebody first, or the signal's reason
   */
  output(scored: ScoredRows, signal: AbortSignal): Output | Promise<Output>;
}

export interface Output {
  readonly records: readonly OutgoingRecord[];
  readonly anomalies: number;
  /** Anomalies that are not written because a verdict on the event stands there; 0 but for a backfill. */
  readonly alreadyThere: number;
  /** Verdicts that stand there and are not shared; 0 but for a backfill. */
  readonly takenBack: number;
  /** Dead letters by reason. */
  readonly deadLetters: ReadonlyMap<Reject['reason'], number>;
  /** What became a dead letter, by index in the batch. */
  readonly refused: readonly Reject[];
  /** What became an anomaly, by index in the batch. */
  readonly anomalous: readonly number[];
}

/** Why anomalies are some. Row-major, anomalies × features. */
export interface Explanation {
  /** Non-negative; those of an anomaly sum to 1. */
  readonly contributions: Float64Array;
  /** The range in which each feature was expected, or null where the detector has no such notion. */
  readonly expected: { readonly low: Float64Array; readonly high: Float64Array } | null;
}

export interface ScoredRows {
  readonly batch: SourceBatch;
  readonly fields: FieldBatch;
  readonly features: FeatureBatch;
  /** One per row of `features`. */
  readonly scores: Float64Array;
  /** The rows of `features` that are anomalous. */
  readonly anomalies: Int32Array;
  /** Row-major, one row for each of `anomalies`. */
  readonly explanation: Explanation;
  readonly rejects: readonly Reject[];
}

/** Turns scored rows into the records that they cause, in the order of the events. Pure but for the clock. */
export class Publisher implements EventPublisher {
  constructor(private readonly options: PublisherOptions) {}

  output(scored: ScoredRows): Output {
    const { rejects } = scored;
    const anomalies: OutgoingRecord[] = [];
    const anomalous: number[] = [];
    const tooLarge: Reject[] = [];
    for (let i = 0; i < scored.anomalies.length; i++) {
      const record = this.anomaly(scored, i);
      const index = indexOf(scored, scored.anomalies[i] as number);
      if (fitsAlone(record, this.options.anomalies.batchBytesMax)) {
        anomalies.push(record);
        anomalous.push(index);
      } else {
        tooLarge.push(this.tooLarge(index, record));
      }
    }
    const refused = [...rejects, ...tooLarge].sort((a, b) => a.index - b.index);
    const counts = new Map<Reject['reason'], number>();
    const letters = refused.map((reject) => {
      counts.set(reject.reason, (counts.get(reject.reason) ?? 0) + 1);
      return this.letter(scored.batch, reject);
    });
    return {
      records: [...anomalies, ...letters],
      anomalies: anomalies.length,
      alreadyThere: 0,
      takenBack: 0,
      deadLetters: counts,
      refused,
      anomalous,
    };
  }

  /** @param i counts the anomalies */
  private anomaly(scored: ScoredRows, i: number): OutgoingRecord {
    const { batch, fields, features, scores } = scored;
    const { verdict, anomalies, frame, clock, runId = null } = this.options;
    const row = scored.anomalies[i] as number;
    const fieldRow = features.row[row] as number;
    const index = fields.source[fieldRow] as number;
    const record = batch.records.at(index) as SourceRecord;
    const values = features.values.subarray(row * features.width, (row + 1) * features.width);
    const detectedAt = clock();
    const eventTime = fields.times?.[fieldRow];
    const anomaly: Anomaly = {
      id: anomalyId(batch.topic, batch.partition, record.offset, verdict.identity),
      topic: batch.topic,
      partition: batch.partition,
      offset: Number(record.offset),
      entity: fields.entityOf === null ? keyText(record.key) : fields.entityOf(fieldRow),
      eventTime:
        eventTime !== undefined && Number.isSafeInteger(Math.floor(eventTime))
          ? Math.floor(eventTime)
          : Number(record.timestamp),
      detectedAt,
      score: scores[row] as number,
      threshold: verdict.threshold,
      detector: verdict.identity.detector,
      model: verdict.identity.name,
      modelVersion: verdict.identity.version,
      features: explained(verdict.features, values, scored.explanation, i * features.width),
      event: record.value as Buffer,
      runId,
      retracted: false,
    };
    return verdictRecord(anomaly, record.key, batch.headersOf(index), anomalies, frame);
  }

  private tooLarge(index: number, record: OutgoingRecord): Reject {
    const { name, batchBytesMax } = this.options.anomalies;
    return {
      index,
      reason: 'too-large',
      message: `an anomaly of ${record.value?.length ?? 0} bytes does not fit topic ${name}, whose max.message.bytes is ${batchBytesMax}`,
    };
  }

  private letter(batch: SourceBatch, { index, reason, message }: Reject): OutgoingRecord {
    const { deadLetters, parking, group, clock } = this.options;
    const headers = batch.headersOf(index);
    const attempts = attemptsBefore(headers) + 1;
    const topic = parking !== undefined && attempts >= parking.attemptsMin ? parking.topic : deadLetters;
    return deadLetter(
      batch.records.at(index) as SourceRecord,
      headers,
      { topic: batch.topic, partition: batch.partition, group, reason, message, attempts },
      {
        topic: topic.name,
        partition: batch.partition % topic.partitions,
        batchBytesMax: topic.batchBytesMax,
        timestampMs: clock(),
      },
    );
  }
}

/** @param from where the anomaly's row begins in the explanation */
function explained(
  names: readonly string[],
  values: Float64Array,
  { contributions, expected }: Explanation,
  from: number,
): Anomaly['features'] {
  return names
    .map((name, column) => {
      const at = from + column;
      const range =
        expected === null ? null : { low: expected.low[at] as number, high: expected.high[at] as number };
      return {
        name,
        value: values[column] as number,
        contribution: contributions[at] as number,
        expected: range,
      };
    })
    .sort((a, b) => b.contribution - a.contribution);
}

/** Where the event of a scored row stands in its batch. */
function indexOf({ fields, features }: ScoredRows, row: number): number {
  return fields.source[features.row[row] as number] as number;
}

function keyText(key: Buffer | null): string | null {
  return key === null ? null : bytesAsText(key);
}
