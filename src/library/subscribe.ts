import { LRUCache } from 'lru-cache';
import { pino } from 'pino';
import type { Anomaly } from '../publish/anomaly-record.js';
import { decodeAnomaly } from '../publish/anomaly-record.js';
import { readGroup } from '../kafka/group-reader.js';
import { localKafka } from '../kafka/local-config.js';
import type { KafkaConfig } from '../kafka/client.js';

/** What a subscriber needs; everything else has the defaults of a local broker. */
export interface SubscribeOptions {
  readonly brokers: readonly string[];
  /** The anomaly topic. */
  readonly topic: string;
  /** The subscriber's consumer group: it keeps the offsets, and members of one group share the partitions. */
  readonly group: string;
  /** Where a new group starts. Default `latest`. */
  readonly startAt?: 'earliest' | 'latest';
  /** TLS, SASL and time-outs, as in the configuration file's `kafka`. */
  readonly kafka?: Partial<Omit<KafkaConfig, 'brokers'>>;
  /** How many ids are remembered to drop duplicates. Default 100,000. */
  readonly idsRemembered?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Told of records that are no anomalies; they are passed over. */
  readonly onUnreadable?: (
    at: { readonly partition: number; readonly offset: number },
    error: unknown,
  ) => void;
}

const IDS_REMEMBERED = 100_000;

/**
 * Anomalies as they are committed, at least once: an anomaly's offset is committed when the next one is asked for, so
 * a crash hands the last ones out again. Duplicates by `id` within the last `idsRemembered` are dropped.
 *
 *     for await (const anomaly of subscribe({ brokers, topic: 'shuttle.anomalies', group: 'pager' })) page(anomaly);
 *
 * @throws UnreachableError, MissingRemoteError
 */
export async function* subscribe(options: SubscribeOptions): AsyncGenerator<Anomaly, void, undefined> {
  const { brokers, topic, group, startAt, kafka, idsRemembered, signal, onUnreadable } = options;
  const seen = new LRUCache<string, true>({ max: idsRemembered ?? IDS_REMEMBERED });
  const records = readGroup({
    kafka: { ...localKafka(brokers), ...kafka, brokers },
    topic,
    group,
    fromBeginning: startAt === 'earliest',
    log: pino({ level: 'silent' }),
    signal: signal ?? new AbortController().signal,
  });
  for await (const { partition, record } of records) {
    if (record.value === null) continue;
    let anomaly: Anomaly;
    try {
      anomaly = decodeAnomaly(record.value);
    } catch (error) {
      onUnreadable?.({ partition, offset: Number(record.offset) }, error);
      continue;
    }
    // A verdict and its retraction have the same id and are two messages.
    const key = anomaly.retracted ? `${anomaly.id} retracted` : anomaly.id;
    if (seen.has(key)) continue;
    seen.set(key, true);
    yield anomaly;
  }
}
