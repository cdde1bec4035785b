import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type OutriderError, messageOf } from '../errors.js';
import type { OffsetRange, SourceBatch, TopicPartition, UnreadableBatch } from '../model.js';
import type { SourceListener } from '../ports.js';
import { columnsOf } from '../record-columns.js';
import { KafkaAdmin } from './admin.js';
import type { KafkaConfig } from './client.js';
import { GroupMember } from './partition-source.js';
import { RangeCursor } from './range-cursor.js';
import { tailHoleEnd } from './tail-hole.js';
import { translateError } from './translate-errors.js';
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

/** Parts of a topic, in place of one range of each partition. */
export interface TopicParts extends Omit<TopicReading, 'from' | 'to'> {
  /** By partition, in rising order and apart from each other. */
  readonly ranges: ReadonlyMap<number, readonly OffsetRange[]>;
  /**
   * Bytes of a partition that one fetch may bring. What lies behind the end of a range comes along in vain, up to as
   * many bytes or the record batch that holds the end.
   */
  readonly fetchPartitionBytes?: number;
}

/** Batches that wait for the reader, at most. */
const WAITING_MAX = 4;
/** Nothing has come for so long before the partitions that are not through are asked for alone. */
const HOLE_AFTER_MS = 3000;

/**
 * Reads a topic, committed records only, from given offsets. kafkajs cannot assign partitions, so this is the only
 * member of a group of its own that commits nothing.
 * @throws OutriderError; ends quietly when the signal aborts
 */
export async function* readTopic({ from, to, ...reading }: TopicReading): AsyncGenerator<SourceBatch> {
  const ends = (partition: number): number => (to === null ? Infinity : (to.get(partition) ?? 0));
  const ranges = [...from].map(
    ([partition, start]) => [partition, [{ from: start, to: ends(partition) }]] as const,
  );
  yield* readRanges({ ...reading, ranges: new Map(ranges) });
}

/**
 * Reads some ranges of each partition, the partitions beside each other: from the end of a range it goes on at the start
 * of the next, and what lies between is not fetched, but for the rest of an answer.
 * @throws OutriderError; ends quietly when the signal aborts
 */
export async function* readRanges(reading: TopicParts): AsyncGenerator<SourceBatch> {
  const { kafka, topic, groupPrefix, log, signal, fetchPartitionBytes } = reading;
  const mailbox = new Mailbox(reading);
  if (mailbox.isDone || signal.aborted) return;
  const member = new GroupMember({
    kafka,
    group: `${groupPrefix}.${randomUUID()}`,
    topic,
    log,
    fetchPartitionBytes,
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

/** Takes batches from the member and hands them to the reader, a few at a time. */
class Mailbox implements SourceListener {
  member: GroupMember | null = null;
  private readonly cursors: ReadonlyMap<number, RangeCursor>;
  private readonly waiting: SourceBatch[] = [];
  private changed: (() => void)[] = [];
  private failure: OutriderError | null = null;
  private closed = false;
  private joins = 0;
  /** Partitions that cannot be read on, and the first reason. */
  private readonly blocked = new Set<number>();
  private blockedBy: OutriderError | null = null;

  constructor(private readonly reading: TopicParts) {
    this.cursors = new Map(
      [...reading.ranges].map(([partition, ranges]) => [partition, new RangeCursor(ranges)]),
    );
  }

  /** Nothing more will come: all was read, but for partitions that cannot be read on. */
  get isDone(): boolean {
    return [...this.cursors].every(([partition, { isDone }]) => isDone || this.blocked.has(partition));
  }

  assigned(partitions: readonly TopicPartition[]): void {
    const isFirst = this.joins++ === 0;
    if (isFirst) this.startAll(partitions);
    else
      this.passDeleted(this.joins, partitions).catch((cause: unknown) => {
        const error = translateError(cause, `topic ${this.reading.topic}`);
        // Who is still before the log joins again, and asks again.
        if (error.retriable) this.startAll(partitions);
        else this.fail(error);
      });
  }

  private startAll(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const cursor = this.cursors.get(at.partition);
      if (cursor !== undefined && !cursor.isDone) this.member?.start(at, cursor.position);
    }
  }

  /** A member that has to join again may have asked for what retention has deleted meanwhile. */
  private async passDeleted(joins: number, partitions: readonly TopicPartition[]): Promise<void> {
    const { kafka, topic, log } = this.reading;
    await using admin = new KafkaAdmin(kafka, log);
    const ranges = await admin.range(topic);
    if (joins !== this.joins || this.closed) return;
    for (const { partition } of partitions) {
      const cursor = this.cursors.get(partition);
      const low = ranges.get(partition)?.low ?? 0;
      if (cursor === undefined || cursor.isDone || cursor.position >= low) continue;
      log.warn(
        { topic, partition, from: cursor.position, to: low },
        'records were deleted before they were read; going on behind them',
      );
      cursor.advance(low);
    }
    this.startAll(partitions);
    this.wake();
  }

  async batch(batch: SourceBatch, signal: AbortSignal): Promise<void> {
    const cursor = this.cursors.get(batch.partition);
    if (cursor === undefined || cursor.isDone || batch.nextOffset <= cursor.position) return;
    const at = { topic: batch.topic, partition: batch.partition };
    if (batch.fetchedOffset > cursor.position) {
      this.member?.start(at, cursor.position);
      return;
    }
    this.waiting.push(within(batch, cursor));
    this.advance(at, cursor, batch.nextOffset);
    this.wake();
    while (this.waiting.length >= WAITING_MAX && !signal.aborted && !this.closed) await this.change(signal);
  }

  passed(at: TopicPartition, _firstOffset: number, nextOffset: number): void {
    const cursor = this.cursors.get(at.partition);
    if (cursor !== undefined && nextOffset > cursor.position) this.advance(at, cursor, nextOffset);
    this.wake();
  }

  /** Whoever reads to an end hears of it when all that can be read was handed out. */
  unreadable(at: TopicPartition, batch: UnreadableBatch): void {
    const cursor = this.cursors.get(at.partition);
    if (cursor === undefined) return;
    if (!cursor.isDone && cursor.position !== batch.offset) {
      this.member?.start(at, cursor.position);
      return;
    }
    this.member?.pause(at);
    if (cursor.isDone) return;
    const error = unreadableError(at, batch);
    if (cursor.isEndless) {
      this.fail(error);
      return;
    }
    this.blocked.add(at.partition);
    this.blockedBy ??= error;
    this.wake();
  }

  /** Before kafkajs fetches again: a fetch that begins before the seek would be of what nobody wants. */
  private advance(at: TopicPartition, cursor: RangeCursor, nextOffset: number): void {
    cursor.advance(nextOffset);
    // Of a log that grows, what lies beyond the end is not fetched in vain.
    if (cursor.isDone) this.member?.pause(at);
    else if (cursor.position > nextOffset) this.member?.start(at, cursor.position);
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
      if (this.isDone) {
        if (this.blockedBy !== null) throw this.blockedBy;
        return null;
      }
      if (!(await this.changeWithin(HOLE_AFTER_MS))) await this.passHoles();
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
        this.changed = this.changed.filter((waiter) => waiter !== done);
        resolve();
      };
      this.changed.push(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** @returns whether anything changed within the time */
  private async changeWithin(timeoutMs: number): Promise<boolean> {
    const over = new AbortController();
    const late = delay(timeoutMs, false, { signal: over.signal }).catch(() => false);
    try {
      return await Promise.race([this.change(over.signal).then(() => true), late]);
    } finally {
      over.abort();
    }
  }

  /** Nothing has come for a while: where compaction has left nothing before the end, nothing will; see tail-hole.ts. */
  private async passHoles(): Promise<void> {
    const { kafka, topic, log } = this.reading;
    const ending = [...this.cursors].filter(([, { isDone, isEndless }]) => !isDone && !isEndless);
    if (ending.length === 0) return;
    try {
      await using admin = new KafkaAdmin(kafka, log);
      if (!(await admin.isCompacted(topic))) return;
      for (const [partition, { position }] of ending) {
        const end = await tailHoleEnd(kafka, { topic, partition }, position, log);
        if (end !== null) this.passed({ topic, partition }, position, end);
      }
    } catch (error) {
      // It is asked again after the next while.
      log.info({ topic, reason: messageOf(error) }, 'whether compaction has left nothing is not known');
    }
  }
}

/** Only the records that are wanted. */
function within(batch: SourceBatch, cursor: RangeCursor): SourceBatch {
  const records = columnsOf(batch.records);
  const inside: number[] = [];
  for (let index = 0; index < records.length; index++)
    if (cursor.wants(records.offsets[index] as number)) inside.push(index);
  if (inside.length === records.length) return batch;
  return {
    ...batch,
    records: records.pick(inside),
    headersOf: (index) => batch.headersOf(inside[index] ?? -1),
  };
}
