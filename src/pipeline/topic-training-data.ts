import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { RegistryClient } from '../decode/registry-client.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { allowBatchBytes } from '../kafka/compression/batch-limits.js';
import type { Bound } from '../kafka/offset-bounds.js';
import { rangeWithinLog } from '../kafka/range-within-log.js';
import { type TopicParts, readRanges } from '../kafka/topic-reader.js';
import type { OffsetRange } from '../model.js';
import { SAMPLE_FETCH_BYTES, offsetsIn, sampleBlocks } from './sample-blocks.js';
import { type EventReading, prepareDecoder } from './setup.js';
import { type DrawnBlocks, TrainingCollector, type TrainingData } from './training-collector.js';

/** The last events of the topic, as many of each partition; or a sample of what lies between two bounds. */
export type TopicRows = { readonly last: number } | RangeSample;

export interface RangeSample {
  readonly from: Bound;
  readonly to: Bound;
  /** Offsets to read; all, where there are no more. */
  readonly sample: number;
  readonly seed: number;
}

/**
 * Events of the input topic. Of a sample only its blocks are read.
 * @param reading for `training`
 * @param onRead is told how many records were read so far, and of how many
 * @throws UsageError where nothing lies between the bounds, or `from` is an offset that the log does not have
 * @throws OutriderError
 */
export async function trainingDataFromTopic(
  wanted: TopicRows,
  config: Config,
  reading: EventReading,
  log: Logger,
  signal: AbortSignal,
  onRead: (done: number, total: number) => void = () => undefined,
): Promise<TrainingData> {
  const { topic } = config.input;
  const { encoding, registry } = config.input;
  if (encoding === 'confluent' && registry !== null) await new RegistryClient(registry).ping(signal);
  let waiting: string | null = null;
  const onWaiting = (reason: string | null): void => {
    if (reason !== null && reason !== waiting) log.warn({ reason }, 'waiting for the schema registry');
    waiting = reason;
  };
  const decoder = prepareDecoder(config, reading, { onWaiting });
  const collector = new TrainingCollector(reading, decoder, `topic ${topic}`, 'timestamp');
  await using admin = new KafkaAdmin(config.kafka, log);
  await admin.partitionCount(topic);
  allowBatchBytes(config.input.maxBatchBytes);
  const source = { kafka: config.kafka, topic, groupPrefix: `${config.group}.train`, log, signal };

  let records = 0;
  const read = async (parts: Omit<TopicParts, keyof typeof source>): Promise<void> => {
    const total = offsetsIn([...parts.ranges.values()].flat());
    for await (const batch of readRanges({ ...source, ...parts })) {
      await collector.add(batch, signal);
      records += batch.records.length;
      onRead(records, total);
    }
    signal.throwIfAborted();
  };

  if ('last' in wanted) {
    await read({ ranges: await lastOf(admin, topic, wanted.last) });
    return { ...collector.finish(), sampled: null };
  }
  const { sample, seed } = wanted;
  const ranges = await rangeWithinLog(admin, topic, wanted);
  const offsets = offsetsIn(ranges.values());
  const drawn: DrawnBlocks = { ranges, blocks: sampleBlocks(ranges, sample, seed) };
  const isWhole = sample >= offsets;
  await read({ ranges: drawn.blocks, ...(isWhole ? {} : { fetchPartitionBytes: SAMPLE_FETCH_BYTES }) });
  const partitions = [...ranges]
    .sort(([a], [b]) => a - b)
    .map(([partition, { from, to }]) => ({ partition, from, to: Math.max(from, to) }));
  return {
    ...collector.finish(isWhole ? null : drawn),
    sampled: {
      range: { topic, partitions, sample, seed },
      offsets,
      drawn: Math.min(sample, offsets),
      records,
    },
  };
}

/** The last offsets of each partition, rounded up to as many of each. */
async function lastOf(
  admin: KafkaAdmin,
  topic: string,
  last: number,
): Promise<ReadonlyMap<number, readonly OffsetRange[]>> {
  const log = await admin.range(topic);
  const each = Math.ceil(last / log.size);
  return new Map(
    [...log].map(([partition, { low, high }]) => [
      partition,
      [{ from: Math.max(low, high - each), to: high }],
    ]),
  );
}
