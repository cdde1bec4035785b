import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, PartitionAssigner } from 'kafkajs';
import type { Logger } from 'pino';
import { type OutriderError, UnreachableError, messageOf } from '../errors.js';
import type { TopicPartition } from '../model.js';
import type { PartitionSource, SourceListener } from '../ports.js';
import { BatchesInHand, type Work } from './batches-in-hand.js';
import { type KafkaConfig, createClient } from './client.js';
import type { FetchedBatch } from './kafkajs/fetched-batch.js';
import { fetchedBatch, toSourceBatch } from './record-format.js';
import { unreadableBehind } from './unreadable.js';
import { COORDINATOR_AWAY, protocolErrorOf, translateError, translated } from './translate-errors.js';
import {
  FETCH_WAIT_MAX_MS,
  MEMBER_RETRY,
  RESTART_BACKOFF_FIRST_MS,
  RESTART_BACKOFF_MAX_MS,
} from './time-outs.js';
import { PartitionAssigners } from './kafkajs/repaired.js';

/** Bytes asked for in one fetch, of one partition and in all: what bounds the memory of a worker. */
export const FETCH_PARTITION_BYTES_MAX = 524_288;
export const FETCH_BYTES_MAX = 8_388_608;
/** Batches of different partitions that may be in hand at once. */
const BATCHES_CONCURRENT = 32;

/** Why a batch in hand is broken off when the member leaves, or has to join again. */
const LEAVING = new Error('the member is leaving its group');
const REJOINING = new Error('the member joins its group again');

export interface GroupMemberOptions {
  readonly kafka: KafkaConfig;
  readonly group: string;
  readonly topic: string;
  readonly log: Logger;
  /** How partitions are shared out among the members of the group, which all have to say the same; absent: in turn. */
  readonly assigner?: PartitionAssigner | undefined;
  /** Bytes asked for of one partition in one fetch [FETCH_PARTITION_BYTES_MAX]; a batch comes whole, however large. */
  readonly fetchPartitionBytes?: number | undefined;
  /** The member cannot go on: not for a moment, but until somebody does something. */
  readonly onFailure: (error: OutriderError) => void;
}

/** A member of a consumer group, by kafkajs. */
export class GroupMember implements PartitionSource {
  private readonly consumer: Consumer;
  private listener: SourceListener | null = null;
  private memberId: string | null = null;
  private left = false;
  /** Between a crash of kafkajs's and its next join there is nothing to pause or seek. */
  private inGroup = false;
  private readonly inHand = new BatchesInHand();
  /** Since it was last in the group. */
  private restarts = 0;
  /** Why the last try to be in the group came to nothing. */
  private lastTrouble: string | null = null;

  constructor(private readonly options: GroupMemberOptions) {
    const { kafka, group, log } = options;
    const { assigner = PartitionAssigners.roundRobin, fetchPartitionBytes = FETCH_PARTITION_BYTES_MAX } =
      options;
    this.consumer = createClient(kafka, 'consumer', log).consumer({
      groupId: group,
      sessionTimeout: kafka.sessionTimeoutMs,
      heartbeatInterval: kafka.heartbeatIntervalMs,
      rebalanceTimeout: kafka.rebalanceTimeoutMs,
      metadataMaxAge: kafka.metadataMaxAgeMs,
      maxWaitTimeInMs: FETCH_WAIT_MAX_MS,
      maxBytesPerPartition: fetchPartitionBytes,
      maxBytes: FETCH_BYTES_MAX,
      minBytes: 1,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      partitionAssigners: [withoutOffsetReset(assigner)],
      retry: {
        ...MEMBER_RETRY,
        restartOnFailure: () => this.mayRestart(),
      },
    });
  }

  async join(listener: SourceListener): Promise<void> {
    const { topic, group } = this.options;
    this.listener = listener;
    const { consumer } = this;
    const { events } = consumer;
    const joined = new Promise<void>((resolve, reject) => {
      consumer.on(events.GROUP_JOIN, ({ payload }) => {
        // Whatever is in hand was fetched before the fence to come.
        this.inHand.breakOff(REJOINING);
        this.memberId = payload.memberId;
        this.inGroup = true;
        this.restarts = 0;
        this.lastTrouble = null;
        this.assign(payload.memberAssignment[topic] ?? []);
        resolve();
      });
      consumer.on(events.STOP, () => {
        this.inGroup = false;
        this.rejoin();
      });
      consumer.on(events.CRASH, ({ payload }) => {
        this.inGroup = false;
        this.rejoin();
        if (this.left) return;
        if (payload.restart) {
          // A coordinator that is still loading looks like a crash to kafkajs: it is none.
          const level = COORDINATOR_AWAY.has(protocolErrorOf(payload.error) ?? '') ? 'info' : 'warn';
          const reason = messageOf(payload.error);
          this.lastTrouble = reason;
          this.options.log[level]({ group, reason }, 'the consumer restarts');
          return;
        }
        const error = translateError(payload.error, `group ${group}, topic ${topic}`);
        reject(error);
        this.options.onFailure(error);
      });
    });
    consumer.on(events.HEARTBEAT, () => listener.heartbeat());
    consumer.on(events.REBALANCING, () => this.rejoin());
    consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize > 0) return;
      const first = Number(payload.firstOffset ?? payload.lastOffset);
      const at = { topic: payload.topic, partition: payload.partition };
      const tell = (): void => listener.passed(at, first, Number(payload.lastOffset) + 1);
      // In the order of the log: what stands before may still be in hand.
      const before = this.inHand.of(at.partition);
      if (before === undefined) tell();
      else
        void before.done.then(
          () => before.control.signal.aborted || tell(),
          // Said already.
          () => undefined,
        );
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic] });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        partitionsConsumedConcurrently: BATCHES_CONCURRENT,
        eachBatch: (payload) => this.eachBatch(payload),
      });
    } catch (error) {
      joined.catch(() => undefined);
      throw translateError(error, `group ${group}, topic ${topic}: joining`);
    }
    await joined;
  }

  start({ topic, partition }: TopicPartition, offset: number): void {
    if (this.left || !this.inGroup) return;
    this.consumer.seek({ topic, partition, offset: String(offset) });
    this.consumer.resume([{ topic, partitions: [partition] }]);
  }

  pause({ topic, partition }: TopicPartition): void {
    if (this.left || !this.inGroup) return;
    this.consumer.pause([{ topic, partitions: [partition] }]);
  }

  /** Commits an offset as this member, outside any transaction. The broker refuses it once the member is not current. */
  async commitOffset({ topic, partition }: TopicPartition, offset: number, metadata: string): Promise<void> {
    // kafkajs would say nothing and commit nothing.
    if (!this.inGroup) throw new UnreachableError(`topic ${topic}, partition ${partition}: not in the group`);
    try {
      await this.consumer.commitOffsets([{ topic, partition, offset: String(offset), metadata }]);
    } catch (error) {
      throw translateError(error, `topic ${topic}, partition ${partition}: committing offset ${offset}`);
    }
  }

  /** This member's id in the group, once it has joined. */
  get id(): string | null {
    return this.memberId;
  }

  /** Why it is not in the group for now: brokers, a token or a certificate; null while it is, or nothing is known. */
  get trouble(): string | null {
    return this.lastTrouble;
  }

  async leave(): Promise<void> {
    if (this.left) return;
    this.left = true;
    this.inHand.breakOff(LEAVING);
    await translated('leaving the group', () => this.consumer.disconnect());
    await this.inHand.finished();
  }

  /** After a pause that grows: a coordinator that hangs up at once would be asked many times a second. */
  private async mayRestart(): Promise<boolean> {
    await delay(Math.min(RESTART_BACKOFF_FIRST_MS * 2 ** this.restarts++, RESTART_BACKOFF_MAX_MS));
    return !this.left;
  }

  private assign(partitions: readonly number[]): void {
    const { topic } = this.options;
    // Before anything is fetched: kafkajs tells of the join before its first fetch, and keeps pauses across joins.
    if (partitions.length > 0) this.consumer.pause([{ topic, partitions: [...partitions] }]);
    this.listener?.assigned(partitions.map((partition) => ({ topic, partition })));
  }

  private rejoin(): void {
    this.inHand.breakOff(REJOINING);
    this.listener?.rejoining();
  }

  /** Begins with the batch once the one before is through, and returns at once where more may be fetched meanwhile. */
  private async eachBatch({ batch: given, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    const batch = fetchedBatch(given);
    const { partition } = batch;
    for (let before = this.inHand.of(partition); before !== undefined; before = this.inHand.of(partition))
      await this.beating(before, heartbeat);
    if (isStale() || this.left) return;
    const work = this.inHand.begin(partition, batch.records.buffers, (signal) => this.handle(batch, signal));
    // Nothing can be fetched behind a batch that cannot be read.
    if (batch.unreadable === null && this.inHand.hasRoom) {
      const { topic } = this.options;
      work.done.catch((error: unknown) =>
        this.options.onFailure(translateError(error, `topic ${topic}, partition ${partition}`)),
      );
      return;
    }
    await this.beating(work, heartbeat);
  }

  private async handle(batch: FetchedBatch, signal: AbortSignal): Promise<void> {
    const unreadable = unreadableBehind(batch);
    await this.listener?.batch(toSourceBatch(batch, unreadable), signal);
    if (unreadable !== null && !signal.aborted)
      this.listener?.unreadable({ topic: batch.topic, partition: batch.partition }, unreadable);
  }

  /**
   * kafkajs sends heartbeats between its fetches, and else only when it is asked to (#708): here also while it waits for
   * a batch in hand.
   */
  private async beating({ control, done }: Work, heartbeat: () => Promise<void>): Promise<void> {
    let lost: unknown = null;
    const timer = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        lost ??= error;
        control.abort(error);
      });
    }, this.options.kafka.heartbeatIntervalMs);
    try {
      await done;
    } finally {
      clearInterval(timer);
    }
    // Rebalancing, or no longer a member: kafkajs has to see its own error to join again.
    if (lost !== null) throw lost as Error;
  }
}

/** The part of kafkajs's cluster that decides what happens without a committed offset. */
interface OffsetDefaults {
  defaultOffset(configuration: unknown): number;
  fetchTopicsOffset(topics: readonly object[]): Promise<unknown>;
}

const LATEST = -1;

/**
 * When a fetch is out of range kafkajs would commit a default offset by itself, outside any transaction, and skip
 * retained records. Only an assigner is shown its cluster: asked for that default it now answers "rebalance", so that
 * the member joins again, is fenced, and compares its offset with the log. Where the group has no offset yet kafkajs
 * still gets the end of the log; nothing is read from there, because every partition is sought before it is started.
 */
function withoutOffsetReset(assigner: PartitionAssigner): PartitionAssigner {
  return (config) => {
    const cluster = config.cluster as unknown as OffsetDefaults;
    const fetchTopicsOffset = cluster.fetchTopicsOffset.bind(cluster);
    cluster.fetchTopicsOffset = (topics) =>
      fetchTopicsOffset(topics.map((topic) => ({ fromTimestamp: LATEST, ...topic })));
    cluster.defaultOffset = () => {
      throw Object.assign(new Error('a fetch was out of the range of the log'), {
        type: 'REBALANCE_IN_PROGRESS',
        retriable: false,
      });
    };
    return assigner(config);
  };
}
