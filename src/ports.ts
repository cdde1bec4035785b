/**
 * Where the pipeline ends and Kafka (or, in tests, memory) begins. The comment of a port is its contract.
 */
import type { OutgoingRecord, SourceBatch, TopicPartition, UnreadableBatch } from './model.js';

/** Writes records. */
export interface RecordTransport {
  /**
   * Writes one record batch to one partition, in order.
   * @param records all for this topic and partition, together no larger than the topic takes
   * @returns the offset of the first record
   * @throws OutriderError; then nothing is known of what was written
   */
  send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number>;
}

/** One commit: everything sent through it becomes visible together with the offset, or not at all (exactly-once). */
export interface CommitUnit extends RecordTransport {
  /**
   * Ends the unit. After any error the outcome is unknown: the sink has to be discarded and fenced again.
   * @param nextOffset the first offset that is not done yet
   * @param metadata text that stands beside the offset
   */
  commit(nextOffset: number, metadata: string): Promise<void>;
}

/**
 * How one partition's work is committed. Calls, in order: fence, then any number of begin … commit one after the
 * other; after an error discard, then fence again. Whoever made it calls discard at the end.
 */
export interface PartitionSink {
  /**
   * Makes every earlier owner of this partition powerless, settles what it left open, and only then reads what was
   * committed: no earlier owner can commit after that, and nothing that one did commit is missed.
   * @returns null where the group has no offset in this partition
   */
  fence(): Promise<CommittedOffset | null>;
  begin(): Promise<CommitUnit>;
  /** Lets go of connections without ending what is open. May be called twice. */
  discard(): Promise<void>;
}

/** What a source tells its listener. None of these may throw, but `batch` for its signal's reason. */
export interface SourceListener {
  /**
   * These partitions, and no others, are this member's from now on. All are paused, and whatever was known of any of
   * them is void until it was fenced and started again.
   */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Records of a started partition. The next batch of the partition comes after the promise. */
  batch(batch: SourceBatch, signal: AbortSignal): Promise<void>;
  /** There is nothing to read in [firstOffset, nextOffset) of a partition: control records or aborted transactions. */
  passed(at: TopicPartition, firstOffset: number, nextOffset: number): void;
  /**
   * Nothing of a started partition can be read from an offset on; all before it was given out. The partition goes on
   * when it is paused and started again, and not before.
   */
  unreadable(at: TopicPartition, batch: UnreadableBatch): void;
  /** This member's lease was renewed: it still owns what it was assigned. */
  heartbeat(): void;
  /** The group rebalances, or this member has to join again: nothing moves until `assigned` is called. */
  rejoining(): void;
}

/** A member of a consumer group. */
export interface PartitionSource {
  /** Joins; returns when the member is in the group for the first time. @throws OutriderError */
  join(listener: SourceListener): Promise<void>;
  /** Batches of the partition come from this offset on. */
  start(at: TopicPartition, offset: number): void;
  pause(at: TopicPartition): void;
  /** Leaves the group, after the batches in hand. May be called twice. */
  leave(): Promise<void>;
}

/** The committed offset of a group in a partition, with the text that was committed beside it. */
export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string;
}

/** The retained offsets of a partition that readers of committed records get: [low, high). */
export interface LogRange {
  readonly low: number;
  /** The last stable offset: what an open transaction holds lies behind it. */
  readonly high: number;
}

/** Reads what is known of the input topic. @throws OutriderError */
export interface OffsetReader {
  /**
   * By partition; null where the group has none. Every partition of the topic is there. May be out of date: what a
   * partition is started from is what its fence gives.
   */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, CommittedOffset | null>>;
  range(topic: string): Promise<ReadonlyMap<number, LogRange>>;
  /** The first offset at or after a time (Unix ms), the end of the log where there is none, by partition. */
  atTime(topic: string, timeMs: number): Promise<ReadonlyMap<number, number>>;
}
