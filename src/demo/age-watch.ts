import type { Config } from '../config/config.js';
import { readTopic } from '../kafka/topic-reader.js';
import { decodeAnomaly } from '../publish/anomaly-record.js';
import type { AsyncCleanup } from './async-cleanup.js';
import type { DemoOptions } from './demo-options.js';
import { DEMO_PARTITIONS } from './demo-setup.js';

export interface AgeWatch {
  finish(): Promise<{ p50: number; p99: number }>;
}

/** Reads the anomalies as a subscriber does, and notes how long after its event each one arrives. */
export function watchAnomalies(
  config: Config,
  { log, show, signal }: DemoOptions,
  cleanup: AsyncCleanup,
): AgeWatch {
  const done = new AbortController();
  const ages: number[] = [];
  const reading = (async () => {
    const from = new Map(Array.from({ length: DEMO_PARTITIONS }, (_, partition) => [partition, 0]));
    const topic = config.output.anomalies;
    const watching = {
      kafka: config.kafka,
      topic,
      groupPrefix: `${config.group}.tail`,
      from,
      to: null,
      log,
      signal: AbortSignal.any([done.signal, signal]),
    };
    for await (const { records } of readTopic(watching)) {
      const nowMs = Date.now();
      for (const { value } of records) {
        if (value === null) continue;
        const anomaly = decodeAnomaly(value);
        ages.push(nowMs - anomaly.eventTime);
        show.anomaly(anomaly);
      }
    }
  })();
  const finish = async (): Promise<{ p50: number; p99: number }> => {
    done.abort();
    await reading;
    const sorted = ages.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  };
  cleanup.add(async () => {
    await finish();
  });
  return { finish };
}
