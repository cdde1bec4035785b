import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KafkaAdmin } from './admin.js';
import type { KafkaConfig } from './client.js';

/** By partition, the end of what can be read: the last stable offset. */
export type EndsByPartition = ReadonlyMap<number, number>;

/**
 * Asks the brokers where the partitions of a topic end, within a time and without ever failing. kafkajs's admin asks
 * with isolation level read_committed: an open transaction on the topic is not part of the answer. A client that did
 * not answer is thrown away, so that nothing that hangs in it can keep the next question from its answer.
 */
export class LogEnds implements AsyncDisposable {
  private admin: KafkaAdmin | null = null;

  constructor(
    private readonly kafka: KafkaConfig,
    private readonly topic: string,
    private readonly timeoutMs: number,
    private readonly log: Logger,
  ) {}

  /** @returns null when no broker answered within the time */
  async ask(): Promise<EndsByPartition | null> {
    this.admin ??= new KafkaAdmin(this.kafka, this.log);
    const answered = new AbortController();
    const late = delay(this.timeoutMs, null, { signal: answered.signal }).catch(() => null);
    const ends = await Promise.race([this.admin.ends(this.topic).catch(() => null), late]);
    answered.abort();
    if (ends === null) await this[Symbol.asyncDispose]();
    return ends;
  }

  /** Does not wait for the connections to close: they may be what hangs. */
  [Symbol.asyncDispose](): Promise<void> {
    const { admin } = this;
    this.admin = null;
    admin?.[Symbol.asyncDispose]().catch((error: unknown) =>
      this.log.debug({ err: error }, 'closing the client that asks for the ends of the log'),
    );
    return Promise.resolve();
  }
}
