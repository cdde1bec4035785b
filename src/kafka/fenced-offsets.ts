import type { Logger } from 'pino';
import type { CommittedOffset } from '../ports.js';
import type { KafkaConfig } from './client.js';
import { whenClosed } from './concurrent-transactions.js';
import { type Begun, FencedProducer } from './fenced-producer.js';
import { readAllBehindBarrier } from './offset-barrier.js';
import { translated } from './translate-errors.js';

export interface FencedOffsetsOptions {
  readonly kafka: KafkaConfig;
  /** The transactional id under which the offsets are changed. */
  readonly id: string;
  readonly group: string;
  readonly topic: string;
  readonly log: Logger;
}

/**
 * A group's offsets in a topic, looked at and then changed all at once, by one at a time: whoever takes over last is the
 * only one that can. The group must have no members; theirs would be other transactions.
 * Calls, in order: takeOver, commit, discard.
 */
export class FencedOffsets implements AsyncDisposable {
  private readonly producer: FencedProducer;

  constructor(private readonly options: FencedOffsetsOptions) {
    const { kafka, id, log } = options;
    this.producer = new FencedProducer(kafka, id, log);
  }

  /**
   * Makes whoever did this before powerless, and reads what is committed.
   * @returns by partition; null where the group has no offset
   * @throws OutriderError
   */
  async takeOver(partitions: readonly number[]): Promise<ReadonlyMap<number, CommittedOffset | null>> {
    const { group, topic } = this.options;
    const { transaction, prepareNext } = await this.producer.takeOver();
    const transactionalId = this.producer.id;
    const committed = await readAllBehindBarrier(transaction, { transactionalId, group, topic, partitions });
    prepareNext();
    return committed;
  }

  /** All of them become the group's, or none. @throws OutriderError; the outcome is then unknown */
  async commit(offsets: ReadonlyMap<number, CommittedOffset>): Promise<void> {
    const { group, topic } = this.options;
    const doing = `group ${group}, topic ${topic}: committing ${offsets.size} offsets`;
    const { transaction }: Begun = await this.producer.begin();
    const partitions = [...offsets].map(([partition, { offset, metadata }]) => ({
      partition,
      offset: String(offset),
      metadata,
    }));
    await whenClosed(doing, () =>
      transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions }] }),
    );
    await translated(doing, () => transaction.commit());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.producer.discard();
  }
}
