import { localKafka } from '../../src/kafka/local-config.js';
import { readTopic } from '../../src/kafka/topic-reader.js';
import { decodeAnomaly } from '../../src/publish/anomaly-record.js';
import type { BenchContext } from './bench-context.js';

/** Reads anomalies as a subscriber does, and keeps how old each one's event is when it arrives. */
export class AgeRecord implements AsyncDisposable {
  private readonly eventTimes: number[] = [];
  private readonly ages: number[] = [];
  private readonly done = new AbortController();
  private readonly reading: Promise<void>;

  constructor(topic: string, from: ReadonlyMap<number, number>, { brokers, log }: BenchContext) {
    this.reading = this.read(topic, from, brokers, log);
  }

  /** Whether something has arrived that was written at this time (Unix ms) or later. */
  hasSince(timeMs: number): boolean {
    return (this.eventTimes.at(-1) ?? 0) >= timeMs;
  }

  /** Of events that were written in [fromMs, toMs), in ms, ascending. */
  of(fromMs: number, toMs: number): readonly number[] {
    return this.ages
      .filter((_, i) => (this.eventTimes[i] ?? 0) >= fromMs && (this.eventTimes[i] ?? 0) < toMs)
      .sort((a, b) => a - b);
  }

  private async read(
    topic: string,
    from: ReadonlyMap<number, number>,
    brokers: BenchContext['brokers'],
    log: BenchContext['log'],
  ): Promise<void> {
    const kafka = localKafka(brokers);
    const { signal } = this.done;
    for await (const { records } of readTopic({
      ...{ kafka, topic, from, log, signal },
      groupPrefix: 'bench',
      to: null,
    })) {
      const nowMs = Date.now();
      for (const { value } of records) {
        if (value === null) continue;
        const { eventTime } = decodeAnomaly(value);
        this.eventTimes.push(eventTime);
        this.ages.push(nowMs - eventTime);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.done.abort();
    await this.reading;
  }
}

/** @param sorted ascending */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
