import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { OutriderError } from '../errors.js';
import type { SourceBatch, TopicPartition, UnreadableBatch } from '../model.js';
import type { SourceListener } from '../ports.js';
import { columnsOf } from '../record-columns.js';
import type { KafkaConfig } from './client.js';
import { GroupMember } from './partition-source.js';
import { unreadableError } from './unreadable.js';

export interface TopicReading {
  readonly kafka: KafkaConfig;
  readonly topic: string;
  /** Start of the name of the group that reads; it commits nothing, and is gone when the reading ends. */
  readonly groupPrefix: string;
  /** First offset, by partition; partitions that are not named are not read. */
  readonly from: ReadonlyMap<number, number>;
  /** First offset that is not read any more, by partition; null to go on for ever. */
  readonly to: ReadonlyMap<number, number> | null;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Batches that wait for the reader, at most. */
const WAITING_MAX = 4;

/**
 * Reads a topic, committed records only, from given offsets. kafkajs cannot assign partitions, so this is the only
 * member of a group of its own that commits nothing.
 * @throws OutriderError; ends quietly when the signal aborts
 */
export async function* readTopic(reading: TopicReading): AsyncGenerator<SourceBatch> {
  const { kafka, topic, groupPrefix, log, signal } = reading;
  if (isDone(reading, reading.from) || signal.aborted) return;
  const mailbox = new Mailbox(reading);
  const member = new GroupMember({
    kafka,
    group: `${groupPrefix}.${randomUUID()}`,
    topic,
    log,
    onFailure: (error) => mailbox.fail(error),
  });
  mailbox.member = member;
  const wake = (): void => mailbox.wake();
  signal.addEventListener('abort', wake);
  try {
    await member.join(mailbox);
    for (;;) {
      const batch = await mailbox.next();
      if (batch === null) return;
      yield batch;
    }
  } finally {
    signal.removeEventListener('abort', wake);
    mailbox.close();
    await member.leave();
  }
}

function isDone(
  { to }: TopicReading,
  positions: ReadonlyMap<number, number>,
  blocked: ReadonlySet<number> = new Set(),
): boolean {
  if (to === null) return false;
  return [...positions].every(
    ([partition, position]) => blocked.has(partition) || position >= (to.get(partition) ?? 0),
  );
}

/** Takes batches from the member and hands them to the reader, a few at a time. */
class Mailbox implements SourceListener {
  member: GroupMember | null = null;
  private readonly positions: Map<number, number>;
  private readonly waiting: SourceBatch[] = [];
  private changed: (() => void)[] = [];
  private failure: OutriderError | null = null;
  private closed = false;
  /** Partitions that cannot be read on, and the first reason. */
  private readonly blocked = new Set<number>();
  private blockedBy: OutriderError | null = null;

  constructor(private readonly reading: TopicReading) {
    this.positions = new Map(reading.from);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const position = this.positions.get(at.partition);
      if (position !== undefined) this.member?.start(at, position);
    }
  }

  async batch(batch: SourceBatch, signal: AbortSignal): Promise<void> {
    const position = this.positions.get(batch.partition);
    if (position === undefined || batch.nextOffset <= position) return;
    if (batch.fetchedOffset > position) {
      this.member?.start({ topic: batch.topic, partition: batch.partition }, position);
      return;
    }
    this.positions.set(batch.partition, batch.nextOffset);
    // Of a log that grows, what lies beyond the end is not fetched in vain.
    if (batch.nextOffset >= (this.reading.to?.get(batch.partition) ?? Infinity))
      this.member?.pause({ topic: batch.topic, partition: batch.partition });
    this.waiting.push(this.within(batch, position));
    this.wake();
    while (this.waiting.length >= WAITING_MAX && !signal.aborted && !this.closed) await this.change(signal);
  }

  passed({ partition }: TopicPartition, _firstOffset: number, nextOffset: number): void {
    const position = this.positions.get(partition);
    if (position !== undefined && nextOffset > position) this.positions.set(partition, nextOffset);
    this.wake();
  }

  /** Whoever reads to an end hears of it when all that can be read was handed out. */
  unreadable(at: TopicPartition, batch: UnreadableBatch): void {
    const position = this.positions.get(at.partition);
    if (position === undefined) return;
    const isBehindEnd = position >= (this.reading.to?.get(at.partition) ?? Infinity);
    if (!isBehindEnd && position !== batch.offset) {
      this.member?.start(at, position);
      return;
    }
    this.member?.pause(at);
    if (isBehindEnd) return;
    const error = unreadableError(at, batch);
    if (this.reading.to === null) {
      this.fail(error);
      return;
    }
    this.blocked.add(at.partition);
    this.blockedBy ??= error;
    this.wake();
  }

  heartbeat(): void {
    // Nothing depends on the lease: the group has no other member.
  }

  rejoining(): void {
    // Nothing to be done until the next assignment.
  }

  /** @returns null when everything was read or the signal aborted */
  async next(): Promise<SourceBatch | null> {
    for (;;) {
      if (this.reading.signal.aborted) return null;
      const batch = this.waiting.shift();
      if (batch !== undefined) {
        this.wake();
        return batch;
      }
      if (this.failure !== null) throw this.failure;
      if (isDone(this.reading, this.positions, this.blocked)) {
        if (this.blockedBy !== null) throw this.blockedBy;
        return null;
      }
      await this.change();
    }
  }

  fail(error: OutriderError): void {
    this.failure = error;
    this.wake();
  }

  close(): void {
    this.closed = true;
    this.wake();
  }

  wake(): void {
    const waiters = this.changed;
    this.changed = [];
    for (const resolve of waiters) resolve();
  }

  private change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.changed.push(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** Only the records from the position on and before the end. */
  private within(batch: SourceBatch, position: number): SourceBatch {
    const end = this.reading.to?.get(batch.partition) ?? Infinity;
    const records = columnsOf(batch.records);
    const inside: number[] = [];
    for (let index = 0; index < records.length; index++) {
      const offset = records.offsets[index] as number;
      if (offset >= position && offset < end) inside.push(index);
    }
    if (inside.length === records.length) return batch;
    return {
      ...batch,
      records: records.pick(inside),
      headersOf: (index) => batch.headersOf(inside[index] ?? -1),
    };
  }
}
