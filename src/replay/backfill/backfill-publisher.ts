import type { Logger } from 'pino';
import type { Clock, OutgoingRecord, SourceRecord } from '../../model.js';
import type { Anomaly } from '../../publish/anomaly-record.js';
import type { OutputTopic } from '../../publish/output-topic.js';
import type { EventPublisher, Output, ScoredRows } from '../../publish/publisher.js';
import { fitsAlone } from '../../publish/record-size.js';
import { verdictRecord } from '../../publish/verdict-record.js';
import { columnsOf } from '../../record-columns.js';
import type { PriorVerdictReader, PriorVerdicts } from './prior-verdicts.js';

export interface BackfillOptions {
  /** Gives every anomaly. */
  readonly own: EventPublisher;
  /** Of a partition of the input. */
  readonly priorOf: (partition: number) => PriorVerdictReader;
  /** Where verdicts are taken back, or where it is noted which would be. */
  readonly retractions: OutputTopic;
  readonly frame: Buffer;
  readonly runId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A record, and the event that caused it, by index in the batch. */
interface Caused {
  readonly index: number;
  readonly record: OutgoingRecord;
}

/**
 * Writes verdicts on events that have none, and takes those back that the replay does not share. An event that cannot be
 * scored keeps the verdict that it has.
 */
export class BackfillPublisher implements EventPublisher {
  constructor(private readonly options: BackfillOptions) {}

  async output(scored: ScoredRows, signal: AbortSignal): Promise<Output> {
    const output = await this.options.own.output(scored, signal);
    const { offsets, length } = columnsOf(scored.batch.records);
    if (length === 0) return output;
    const priors = await this.options
      .priorOf(scored.batch.partition)
      .within(offsets[0] as number, (offsets[length - 1] as number) + 1, signal);
    const indexOf = new Map<number, number>();
    for (let index = 0; priors.length > 0 && index < length; index++)
      indexOf.set(offsets[index] as number, index);
    const hasVerdict = new Set<number>();
    const notShared: Caused[] = [];
    const anomalous = new Set(output.anomalous);
    const refused = new Set(output.refused.map(({ index }) => index));
    for (const prior of priors) {
      const index = indexOf.get(prior.offset);
      if (index === undefined) continue;
      hasVerdict.add(index);
      if (!anomalous.has(index) && !refused.has(index))
        notShared.push(...this.retractions(prior, scored, index));
    }
    const anomalies = output.anomalous
      .map((index, i) => ({ index, record: output.records[i] as OutgoingRecord }))
      .filter(({ index }) => !hasVerdict.has(index));
    const letters = output.records.slice(output.anomalous.length);
    const caused = [...anomalies, ...notShared].sort((a, b) => a.index - b.index);
    return {
      ...output,
      records: [...caused.map(({ record }) => record), ...letters],
      anomalies: anomalies.length,
      anomalous: anomalies.map(({ index }) => index),
      alreadyThere: output.anomalies - anomalies.length,
      takenBack: notShared.length,
    };
  }

  private retractions({ verdicts }: PriorVerdicts, { batch }: ScoredRows, index: number): Caused[] {
    const { retractions, frame, runId, clock, log } = this.options;
    const { key, value, offset } = batch.records.at(index) as SourceRecord;
    return verdicts.flatMap((verdict) => {
      const anomaly: Anomaly = {
        ...verdict,
        detectedAt: clock(),
        event: value ?? Buffer.alloc(0),
        runId,
        retracted: true,
      };
      const record = verdictRecord(anomaly, key, batch.headersOf(index), retractions, frame);
      if (fitsAlone(record, retractions.batchBytesMax)) return [{ index, record }];
      log.warn(
        { topic: batch.topic, partition: batch.partition, offset, id: verdict.id, output: retractions.name },
        'a retraction is larger than its topic takes: the verdict stands',
      );
      return [];
    });
  }
}
