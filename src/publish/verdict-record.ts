import type { HeaderList, OutgoingRecord } from '../model.js';
import { type Anomaly, encodeAnomaly } from './anomaly-record.js';
import { REDRIVE_ATTEMPTS } from './dead-letter.js';
import type { OutputTopic } from './output-topic.js';

/** Says where the event of an anomaly stands, `topic/partition/offset`: what verdicts on one event have in common. */
export const SOURCE_HEADER = 'outrider-source';
const ID_HEADER = 'outrider-id';

/**
 * The record of a verdict: the event's key and headers, and two headers of its own.
 * @param frame what stands before the body
 */
export function verdictRecord(
  anomaly: Anomaly,
  key: Buffer | null,
  headers: HeaderList,
  topic: OutputTopic,
  frame: Buffer,
): OutgoingRecord {
  const { id, detectedAt } = anomaly;
  return {
    topic: topic.name,
    partition: anomaly.partition % topic.partitions,
    key,
    value: encodeAnomaly(anomaly, frame),
    headers: [
      ...headers.filter(([name]) => !OWN_HEADERS.has(name)),
      [ID_HEADER, Buffer.from(id)],
      [SOURCE_HEADER, Buffer.from(`${anomaly.topic}/${anomaly.partition}/${anomaly.offset}`)],
    ] satisfies HeaderList,
    timestampMs: detectedAt,
  };
}

/** What an event brings of these is replaced, or of no concern to who reads anomalies. */
const OWN_HEADERS: ReadonlySet<string> = new Set([ID_HEADER, SOURCE_HEADER, REDRIVE_ATTEMPTS]);
