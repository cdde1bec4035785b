import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import type { KafkaAdmin } from '../kafka/admin.js';
import { keyPartitioner } from '../kafka/partitioner.js';
import { PlainTransport } from '../kafka/plain-transport.js';
import type { OutgoingRecord } from '../model.js';
import { Producer } from '../publish/producer.js';
import type { DemoEvent } from './dataset.js';
import type { DemoOptions } from './demo-options.js';
import { DEMO_PARTITIONS } from './demo-setup.js';
import type { ProducedEvent } from './reckoning.js';

const PRODUCE_BATCH = 500;

/** Writes the events at their pace. @returns what was written, with the places that the broker gave */
export async function produceEvents(
  events: readonly DemoEvent[],
  config: Config,
  admin: KafkaAdmin,
  { rate, log, show, signal }: DemoOptions,
): Promise<readonly ProducedEvent[]> {
  const { topic } = config.input;
  const batchBytesMax = await admin.maxMessageBytes(topic);
  await using transport = new PlainTransport(config.kafka, log);
  await transport.connect();
  const producer = new Producer({ transport, batchBytesMax: () => batchBytesMax });
  const partitionOf = keyPartitioner();
  const produced: ProducedEvent[] = [];
  const started = performance.now();
  const batchSize =
    rate === null ? PRODUCE_BATCH * 10 : Math.max(1, Math.min(PRODUCE_BATCH, Math.round(rate / 50)));
  for (let at = 0; at < events.length && !signal.aborted; at += batchSize) {
    const nowMs = Date.now();
    const part = events.slice(at, at + batchSize);
    const records: OutgoingRecord[] = part.map(({ key, value }) => ({
      topic,
      partition: partitionOf(key, DEMO_PARTITIONS),
      key,
      value: value(nowMs),
      headers: [],
      timestampMs: nowMs,
    }));
    const deliveries = await producer.sendAll(records);
    for (const [i, { partition, offset }] of deliveries.entries()) {
      produced.push({ row: part[i]?.row ?? null, value: records[i]?.value as Buffer, partition, offset });
    }
    show.progress(produced.length, events.length);
    const aheadMs = rate === null ? 0 : (produced.length * 1000) / rate - (performance.now() - started);
    if (aheadMs > 1) await delay(aheadMs, undefined, { signal }).catch(() => undefined);
  }
  return produced;
}
