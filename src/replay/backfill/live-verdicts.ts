import type { Logger } from 'pino';
import { KafkaAdmin } from '../../kafka/admin.js';
import type { KafkaConfig } from '../../kafka/client.js';
import { highWatermarks } from '../../kafka/high-watermarks.js';
import { readTopic } from '../../kafka/topic-reader.js';
import type { SourceBatch } from '../../model.js';

export interface LiveVerdictsOptions {
  readonly kafka: KafkaConfig;
  /** The live anomaly topic. */
  readonly topic: string;
  readonly groupPrefix: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Records of the anomaly topic among which all verdicts on one partition's events are, up to what is the end now. A
 * verdict stands in the partition of its event modulo the number of partitions, and that number may have grown. Verdicts
 * that were committed can stand behind somebody else's open transaction: its end is waited for.
 * @throws OutriderError, or the signal's reason
 */
export async function* liveVerdicts(
  { kafka, topic, groupPrefix, log, signal }: LiveVerdictsOptions,
  partition: number,
): AsyncGenerator<SourceBatch> {
  await using admin = new KafkaAdmin(kafka, log);
  const { from } = await admin.extent(topic);
  const to = await highWatermarks(kafka, topic, log);
  const wanted = new Set(Array.from({ length: to.size }, (_, i) => partition % (i + 1)));
  const within = (offsets: ReadonlyMap<number, number>): ReadonlyMap<number, number> =>
    new Map([...offsets].filter(([place]) => wanted.has(place)));
  yield* readTopic({ kafka, topic, groupPrefix, from: within(from), to: within(to), log, signal });
  // Some of them are not all of them.
  signal.throwIfAborted();
}
