import type { Logger } from 'pino';
import type { TopicPartition, UnreadableBatch } from '../model.js';
import { UNREADABLE_RETRY_FIRST_MS, UNREADABLE_RETRY_MAX_MS } from '../kafka/time-outs.js';

/** What a partition does at a batch that cannot be read: it waits, and asks for it again now and then. */
export class UnreadablePartition {
  private batch: UnreadableBatch | null = null;
  private past = '';
  /** Everything before the batch was read: not so once the partition was taken over at an older offset. */
  private isReached = false;
  private retries = 0;
  /** Monotonic; null while an answer is awaited. */
  private askAtMs: number | null = null;

  constructor(
    private readonly at: TopicPartition,
    private readonly log: Logger,
  ) {}

  /** Why the partition does not go on, and what helps; null when it goes on, also towards the batch. */
  get message(): string | null {
    return this.batch === null || !this.isReached ? null : unreadableText(this.at, this.batch, this.past);
  }

  /**
   * Read to be unreadable, for the first time or again.
   * @param past see PartitionCourse
   */
  found(batch: UnreadableBatch, past: string, nowMs: number): void {
    const isNew = this.batch?.offset !== batch.offset;
    if (isNew) this.retries = 0;
    this.batch = batch;
    this.past = past;
    this.isReached = true;
    this.askAtMs = nowMs + Math.min(UNREADABLE_RETRY_FIRST_MS * 2 ** this.retries++, UNREADABLE_RETRY_MAX_MS);
    const { offset, reason, cause } = batch;
    if (isNew) this.log.error({ ...this.at, offset, reason, cause }, this.message ?? '');
    else this.log.debug({ ...this.at, offset, reason, cause }, 'still not readable');
  }

  /** Whether it is time to ask for the batch again; says so once for each answer. */
  isDue(nowMs: number): boolean {
    if (this.askAtMs === null || nowMs < this.askAtMs) return false;
    this.askAtMs = null;
    return true;
  }

  /**
   * The partition was read up to here, or starts here anew.
   * @returns whether it waited before the batch until now and does not any more
   */
  movedTo(position: number): boolean {
    if (this.batch === null || position === this.batch.offset) return false;
    const hasWaited = this.isReached;
    this.isReached = false;
    this.askAtMs = null;
    if (position > this.batch.offset) {
      this.log.info(
        { ...this.at, offset: this.batch.offset },
        'the batch can be read now: the partition goes on',
      );
      this.batch = null;
    }
    return hasWaited;
  }
}

function unreadableText(
  { topic, partition }: TopicPartition,
  { offset, reason }: UnreadableBatch,
  past: string,
): string {
  return [
    `topic ${topic}, partition ${partition}, offset ${offset}: the batch there cannot be read: ${reason}.`,
    `The partition stands still and asks again; repair the log (another replica may be whole), or ${past}`,
  ].join(' ');
}
