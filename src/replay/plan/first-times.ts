import type { Logger } from 'pino';
import type { KafkaConfig } from '../../kafka/client.js';
import { readTopic } from '../../kafka/topic-reader.js';

/**
 * When the first record at or after an offset was written, Unix ms, by partition; absent where there is none in the range.
 * @param ranges [from, to) by partition
 * @throws OutriderError, or the signal's reason
 */
export async function firstTimes(
  reading: {
    readonly kafka: KafkaConfig;
    readonly topic: string;
    readonly groupPrefix: string;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
  ranges: ReadonlyMap<number, { readonly from: number; readonly to: number }>,
): Promise<ReadonlyMap<number, number>> {
  const wanted = [...ranges].filter(([, { from, to }]) => from < to);
  const from = new Map(wanted.map(([partition, range]) => [partition, range.from]));
  const to = new Map(wanted.map(([partition, range]) => [partition, range.to]));
  const times = new Map<number, number>();
  for await (const { partition, records } of readTopic({ ...reading, from, to })) {
    const first = records.at(0);
    if (first !== undefined && !times.has(partition)) times.set(partition, Number(first.timestamp));
    if (times.size === from.size) break;
  }
  // Of some of them is no answer.
  reading.signal.throwIfAborted();
  return times;
}
